<?php
/* SPDX-License-Identifier: MIT */
/* Sends the messages that stand as JSON on standard input through Symfony's mailer, all
 * over one transport. Their members are calls of methods of Email; contents are in base64.
 * Prints for each what went wrong, or nothing. */
require '/usr/share/php/Symfony/Component/Mailer/autoload.php';

use Symfony\Component\Mailer\Envelope;
use Symfony\Component\Mailer\Mailer;
use Symfony\Component\Mailer\Transport;
use Symfony\Component\Mime\Address;
use Symfony\Component\Mime\Email;

function make(array $call): Email {
    $email = new Email();
    foreach ($call['calls'] as [$method, $arguments])
        $email->$method(...$arguments);
    foreach ($call['headers'] ?? [] as [$name, $value])
        $email->getHeaders()->addTextHeader($name, $value);
    foreach ($call['attachments'] ?? [] as [$content, $name, $type])
        $email->attach(base64_decode($content), $name, $type);
    foreach ($call['pictures'] ?? [] as [$content, $name, $type])
        $email->embed(base64_decode($content), $name, $type);
    return $email;
}

$call = json_decode(file_get_contents('php://stdin'), true);
$mailer = new Mailer(Transport::fromDsn($call['dsn']));
$errors = [];
foreach ($call['messages'] as $message) {
    [$sender, $recipients] = $message['envelope'] ?? [null, []];
    $envelope = $sender === null ? null
        : new Envelope(new Address($sender), Address::createArray($recipients));
    try {
        $mailer->send(make($message), $envelope);
        $errors[] = null;
    } catch (Throwable $error) {
        $errors[] = $error->getMessage();
    }
}
echo json_encode($errors);
