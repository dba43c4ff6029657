#!/usr/bin/ruby
# SPDX-License-Identifier: MIT
# Sends the message that stands as JSON on standard input through the mail gem and sendmail,
# contents in base64. Prints what the gem raised, or null, and the Message-ID.
require 'json'
require 'mail'

def text_part(type, text)
  Mail::Part.new do
    content_type "#{type}; charset=UTF-8"
    body text
  end
end

call = JSON.parse($stdin.read)
mail = Mail.new(charset: 'UTF-8')
call['fields'].each { |name, value| mail[name] = value }
mail.body = call['body'] if call['body']
mail.text_part = text_part('text/plain', call['text']) if call['text']
mail.html_part = text_part('text/html', call['html']) if call['html']
(call['files'] || []).each { |name, content| mail.attachments[name] = content.unpack1('m') }
mail.smtp_envelope_from = call['sender'] if call['sender']
mail.delivery_method :sendmail, **(call['options'] || {}).transform_keys(&:to_sym)
error = nil
begin
  mail.deliver!
rescue StandardError => e
  error = e.message
end
puts JSON.generate([error, mail.message_id])
