<?php
/* SPDX-License-Identifier: MIT */
/* Sends the message that stands as JSON on standard input through PHPMailer. Its members
 * are calls of its methods and values of its properties; contents are in base64. Prints
 * whether send() said true, what went wrong, and the Message-ID. */
require '/usr/share/php/libphp-phpmailer/autoload.php';

$call = json_decode(file_get_contents('php://stdin'), true);
$mail = new PHPMailer\PHPMailer\PHPMailer();
$mail->CharSet = 'UTF-8';
foreach ($call['calls'] as [$method, $arguments])
    $mail->$method(...$arguments);
foreach ($call['set'] ?? [] as $property => $value)
    $mail->$property = $value;
foreach ($call['attachments'] ?? [] as [$content, $name, $type])
    $mail->addStringAttachment(base64_decode($content), $name, 'base64', $type);
foreach ($call['pictures'] ?? [] as [$content, $cid, $name, $type])
    $mail->addStringEmbeddedImage(base64_decode($content), $cid, $name, 'base64', $type);
$sent = $mail->send();
echo json_encode([$sent, $mail->ErrorInfo, $mail->getLastMessageID()]);
