/* SPDX-License-Identifier: MIT */
/* Sends the message that stands as JSON on standard input through nodemailer's sendmail
 * transport, attachments as base64 in "content". */
'use strict';
const nodemailer = require('nodemailer');

const call = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const transport = nodemailer.createTransport({ sendmail: true, ...call.transport });

for (const attachment of call.message.attachments || [])
    attachment.encoding = 'base64';
transport.sendMail(call.message, (error, info) => {
    if (error)
        throw error;
    console.log(JSON.stringify(info.messageId));
});
