<?php
/* SPDX-License-Identifier: MIT */
/* Sends one message through a bridge of Symfony's mailer to a stand-in. Standard input:
 * {"class", "arguments", "host", "port", "message"}; the message is as in symfony-send.php, with
 * its people apart. Prints it as Symfony writes it for SMTP, and what went wrong, or nothing. */
foreach (['Mailer', 'HttpClient', ...array_map(fn ($one) => "Mailer/Bridge/$one",
         ['Amazon', 'Mailchimp', 'Mailgun', 'Mailjet', 'Postmark', 'Sendgrid', 'Sendinblue'])] as $part)
    require "/usr/share/php/Symfony/Component/$part/autoload.php";

use Symfony\Component\HttpClient\DecoratorTrait;
use Symfony\Component\HttpClient\HttpClient;
use Symfony\Component\Mime\Address;
use Symfony\Component\Mime\Email;
use Symfony\Contracts\HttpClient\HttpClientInterface;
use Symfony\Contracts\HttpClient\ResponseInterface;

/* The bridges have https built in; the stand-in is on a loopback address without it. */
class WithoutTls implements HttpClientInterface {
    use DecoratorTrait;

    public function request(string $method, string $url, array $options = []): ResponseInterface {
        if (($options['body'] ?? null) instanceof Traversable)
            $options['body'] = implode('', iterator_to_array($options['body'], false));
        return $this->client->request($method, str_replace('https://', 'http://', $url), $options);
    }
}

$call = json_decode(file_get_contents('php://stdin'), true);
$message = $call['message'];
$email = new Email();
foreach ($message['people'] as $method => $people)
    $email->$method(...array_map(fn ($one) => new Address(...$one), $people));
foreach ($message['calls'] as [$method, $arguments])
    $email->$method(...$arguments);
foreach ($message['headers'] ?? [] as [$name, $value])
    $email->getHeaders()->addTextHeader($name, $value);
foreach ($message['attachments'] ?? [] as [$content, $name, $type])
    $email->attach(base64_decode($content), $name, $type);
foreach ($message['pictures'] ?? [] as [$content, $name, $type])
    $email->embed(base64_decode($content), $name, $type);

$class = "Symfony\\Component\\Mailer\\Bridge\\{$call['class']}";
$transport = new $class(...[...$call['arguments'], new WithoutTls(HttpClient::create())]);
$transport->setHost($call['host'])->setPort($call['port']);
$error = null;
try {
    $transport->send($email);
} catch (Throwable $thrown) {
    $error = $thrown->getMessage();
}
echo json_encode(['mime' => base64_encode($email->toString()), 'error' => $error]);
