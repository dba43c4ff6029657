#!/usr/bin/perl
# SPDX-License-Identifier: MIT
# Sends the message that stands as JSON on standard input through the Perl module that it
# names, contents in base64. Prints what the module said, or died of.
use strict;
use warnings;
use JSON::PP;
use MIME::Base64;

local $/;
my $call = decode_json(<STDIN>);

sub email_sender {
    require Email::Sender::Simple;
    require Email::Sender::Transport::Sendmail;
    require Email::Simple;
    my $email = Email::Simple->create(header => $call->{header}, body => $call->{body});
    Email::Sender::Simple->send($email, {
        transport => Email::Sender::Transport::Sendmail->new, %{ $call->{envelope} // {} } });
}

sub mime_lite {
    require MIME::Lite;
    my $mail = MIME::Lite->new(@{ $call->{header} });
    $mail->attach(%$_, Data => decode_base64($_->{Data})) for @{ $call->{parts} // [] };
    $mail->send(@{ $call->{send} // [] });
}

sub mail_mailer {
    require Mail::Mailer;
    my $mailer = Mail::Mailer->new('sendmail');
    $mailer->open({ @{ $call->{header} } });
    print $mailer $call->{body};
    $mailer->close;
}

my %way = (email_sender => \&email_sender, mime_lite => \&mime_lite,
           mail_mailer => \&mail_mailer);
my $said = eval { $way{ $call->{way} }->() ? 'sent' : 'false' };
print encode_json([$said, $said ? undef : "$@"]);
