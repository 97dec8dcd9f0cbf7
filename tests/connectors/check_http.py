"""Webhooks: the sink `http` and a peer that does as it is told."""
import base64
import functools
import hashlib
import hmac
import json
import random
import subprocess
import threading
import time
import urllib.parse

import aws_signature
import certificates
import h2_peer
import http_peer
import ports
from case import RELEASE, equal, must, test, until

SECRET = 'whsec_' + base64.b64encode(b'0123456789abcdef0123456789abcdef').decode()
STREAM = """CREATE STREAM alerts (id STRING KEY, kind STRING, msg STRING, n INT)
  WITH (kafka_topic='ALERTS', value_format='JSON', partitions=1);
"""
TABLE = """CREATE TABLE stock (id STRING PRIMARY KEY, msg STRING)
  WITH (kafka_topic='ALERTS', value_format='JSON', partitions=1);
"""
LOCAL = {'http.allow.addresses': '127.0.0.1/32', 'http.allow.insecure': 'true', 'retry.backoff.ms': '10',
         'breaker.pause.ms': '20', 'breaker.pause.max.ms': '50', 'retry.backoff.max.ms': '100'}
DEAD = {'errors.deadletterqueue.topic.name': 'dead'}


def sink(url, *options, local=LOCAL, **more):
    """The statement. Options that are no Python names come as dicts."""
    given = {'connector': 'http', 'topics': 'ALERTS', 'http.url': url, **local, **more}
    for o in options:
        given.update(o)
    text = ', '.join("'%s'='%s'" % (name, str(value).replace("'", "''")) for name, value in given.items())
    return 'CREATE SINK CONNECTOR hooks WITH (%s);\n' % text


def record(key, value=None, at=1000, **columns):
    if value is None and columns:
        value = {name.upper(): v for name, v in columns.items()}
    return {'key': key, 'value': value, 'timestamp': at}


def send(case, records, *options, stream=STREAM, url=None, peer=None, status=0, data='data', env=None):
    """All records through the sink, to the end."""
    path = case.records('in-%d' % len(case.engines), records)
    return case.run(stream + sink(url or peer.url('/hook'), *options), '--input', 'ALERTS=' + path,
                    status=status, data=data, env=env)


def dead(case):
    """Dead letters: (key, headers as a dict)."""
    found = []
    for r in case.topic('dead'):
        headers = r.get('headers') or {}
        if isinstance(headers, list):
            headers = dict((h['name'], h['value']) if isinstance(h, dict) else tuple(h) for h in headers)
        found.append((r['key'], headers))
    return found


def reason(headers):
    return headers['__connect.errors.exception.message']


def signature(request, secret=SECRET):
    """By the words of Standard Webhooks, with Python's own library."""
    key = base64.b64decode(secret[6:]) if secret.startswith('whsec_') else secret.encode()
    signed = '%s.%s.' % (request.headers['webhook-id'], request.headers['webhook-timestamp'])
    digest = hmac.new(key, signed.encode() + request.body, hashlib.sha256).digest()
    return 'v1,' + base64.b64encode(digest).decode()


def ids(requests):
    return [r.headers['idempotency-key'] for r in requests]


# ---- what is sent ----

@test
def the_canonical_statement(case):
    """The statement of the documentation works as it is written: URL, body, signature, id."""
    with http_peer.Peer() as peer:
        peer.on('/hook/*', {'status': 500}, {})
        sql = STREAM + """CREATE SINK CONNECTOR alerts WITH ('connector'='http', 'topics'='ALERTS',
          'http.url'='http://127.0.0.1:%d/hook/${KIND:url}', 'body'='{"text":"${MSG:json}"}',
          'signing.secret'='${env:HOOK_SECRET}', 'http.allow.addresses'='127.0.0.1/32',
          'http.allow.insecure'='true', 'max.retries'='5', 'retry.backoff.ms'='100',
          'errors.deadletterqueue.topic.name'='alerts-dlq');""" % peer.port
        case.run(sql, '--input', 'ALERTS=' + case.records('in', [record('a', kind='a/b c', msg='say "hi"\n')]),
                 env={'HOOK_SECRET': SECRET})
        asked = peer.asked()
        equal([(r.method, r.path) for r in asked], [('POST', '/hook/a%2Fb%20c')] * 2)
        for r in asked:
            equal(r.json, {'text': 'say "hi"\n'})
            equal(r.headers['content-type'], 'application/json')
            equal(r.headers['webhook-signature'], signature(r))
            must(abs(int(r.headers['webhook-timestamp']) - time.time()) < 60, 'the time of the attempt')
            must('.' not in r.headers['webhook-id'], r.headers['webhook-id'])
        equal(len({r.headers['webhook-id'] for r in asked}), 1, 'ids')
        equal(ids(asked), [r.headers['webhook-id'] for r in asked])


@test
def ed25519(case):
    """A private key signs with ed25519, a second secret besides it with HMAC; openssl finds both right. A public key is
    refused."""
    run = functools.partial(subprocess.run, check=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    key, public, text, sum_ = (case.path(n) for n in ('key', 'public', 'text', 'sum'))
    run(['openssl', 'genpkey', '-algorithm', 'ed25519', '-out', key])
    run(['openssl', 'pkey', '-in', key, '-pubout', '-out', public])
    secret = base64.b64encode(run(['openssl', 'pkey', '-in', key, '-outform', 'DER']).stdout[-32:]).decode()
    with http_peer.Peer() as peer:
        peer.on('/hook', {'status': 500}, {})
        send(case, [record('a', msg='x')], {'signing.secret': 'whsk_%s,%s' % (secret, SECRET)}, peer=peer)
        asked = peer.asked()
        equal(len(asked), 2)
        for r in asked:
            first, second = r.headers['webhook-signature'].split(' ')
            equal(second, signature(r))
            must(first.startswith('v1a,'), first)
            with open(text, 'wb') as f, open(sum_, 'wb') as g:
                f.write(('%s.%s.' % (r.headers['webhook-id'], r.headers['webhook-timestamp'])).encode() + r.body)
                g.write(base64.b64decode(first[4:]))
            run(['openssl', 'pkeyutl', '-verify', '-pubin', '-inkey', public, '-rawin', '-in', text, '-sigfile', sum_])
    der = run(['openssl', 'pkey', '-pubin', '-in', public, '-outform', 'DER']).stdout[-32:]
    case.refused(STREAM + sink('http://127.0.0.1/', {'signing.secret': 'whpk_' + base64.b64encode(der).decode()}),
                 'a public key', data=None)


@test
def check_connector_shows_the_request(case):
    """CHECK CONNECTOR shows method, URL, headers and body of the last record, and no secret."""
    sql = STREAM + sink('http://127.0.0.1:1/${env:HOOK_PATH}/${KIND}', {
        'header.X-Shop': '${ID}', 'header.X-Other': 'say ${env:HOOK_WORD}', 'auth.token': 'bearertoken',
        'headers': 'Cookie: monster|X-Plain: plain', 'signing.secret': SECRET})
    sql += "INSERT INTO alerts (id, kind, msg, n) VALUES ('a', 'b/c', 'hello', 7);\nCHECK CONNECTOR hooks;\n"
    sql += 'DESCRIBE CONNECTOR hooks;\nPAUSE CONNECTOR hooks;\n'
    out = case.run(sql, data=None, env={'HOOK_PATH': 'secretpath', 'HOOK_WORD': 'secretword'})
    said = out.out()
    for text in ('POST http://127.0.0.1:1/[hidden]/b%2Fc', 'X-Shop: a', 'X-Other: say [hidden]', 'Cookie: [hidden]',
                 'X-Plain: plain', 'Authorization: Bearer [hidden]', 'webhook-signature: [hidden]',
                 'Content-Type: application/json', '{"ID":"a","KIND":"b/c","MSG":"hello","N":7}'):
        must(text in said, '%r is not in\n%s' % (text, said))
    said = said.replace("'auth.token'='bearertoken'", '')
    for text in ('secretpath', 'secretword', 'monster', SECRET, 'bearertoken'):
        must(text not in said.split('Property')[0] + out.err(), '%r is in\n%s' % (text, said))


@test
def bodies(case):
    """json, text, form and CloudEvents are what their names say; a template of text escapes nothing."""
    one = record('k 1', kind='a&b', msg='x"y', n=7, at=1500)
    wanted = {
        'json': ({'body.format': 'json'}, 'application/json'),
        'bare': ({'body.keys': 'false'}, 'application/json'),
        'text': ({'body.format': 'text'}, 'text/plain; charset=utf-8'),
        'form': ({'body.format': 'form'}, 'application/x-www-form-urlencoded'),
        'event': ({'body.format': 'cloudevents', 'cloudevents.type': 'shop.${KIND}'}, 'application/cloudevents+json'),
        'plain': ({'body': '${MSG} & ${N}', 'content.type': 'text/plain'}, 'text/plain'),
        'typed': ({'body': '${MSG}', 'headers': 'content-type: text/csv'}, 'text/csv'),
    }
    with http_peer.Peer() as peer:
        peer.on('/*', {})
        got = {}
        for name, (options, kind) in wanted.items():
            send(case, [one], options, url=peer.url('/' + name), data=None)
            r, = peer.asked('/' + name)
            equal(r.headers['content-type'], kind, name)
            got[name] = r
    columns = {'ID': 'k 1', 'KIND': 'a&b', 'MSG': 'x"y', 'N': 7}
    equal(got['json'].json, columns)
    equal(got['bare'].json, {k: v for k, v in columns.items() if k != 'ID'})
    equal(got['text'].json, {'KIND': 'a&b', 'MSG': 'x"y', 'N': 7})
    equal(dict(urllib.parse.parse_qsl(got['form'].text)), {k: str(v) for k, v in columns.items()})
    equal(got['plain'].text, 'x"y & 7')
    equal(got['typed'].text, 'x"y')
    event = got['event'].json
    equal(event['data'], columns)
    equal({k: event[k] for k in ('specversion', 'id', 'source', 'type', 'subject', 'time')},
          {'specversion': '1.0', 'id': got['event'].headers['idempotency-key'], 'source': '/weir/HOOKS',
           'type': 'shop.a&b', 'subject': 'k 1', 'time': '1970-01-01T00:00:01.500Z'})


@test
def batches(case):
    """Records of one head go out together, as a JSON array or as told; another head is another request."""
    rows = [record('k%d' % (i % 3), kind='ab'[i // 5], n=i) for i in range(10)]
    options = {'batch.size': 100, 'max.in.flight.requests': 1, 'linger.ms': 200}
    with http_peer.Peer() as peer:
        peer.on('/*', {})
        send(case, rows, options, url=peer.url('/${KIND}'), data=None)
        equal(sorted(row['N'] for r in peer.asked() for row in r.json), list(range(10)))
        must(len(peer.asked()) < 10, 'requests')
        for r in peer.asked():
            equal({'/' + row['KIND'] for row in r.json}, {r.path})
            equal([row['N'] for row in r.json], sorted(row['N'] for row in r.json), 'order')
        peer.clear()
        send(case, rows, options, {'body': '${N}', 'content.type': 'text/plain', 'batch.prefix': '<',
                                   'batch.suffix': '>', 'batch.separator': ';'}, url=peer.url('/all'), data=None)
        equal([int(n) for r in peer.asked() for n in r.text[1:-1].split(';')], list(range(10)))
        peer.clear()
        send(case, rows[:1], {'batch.json.as.array': 'true'}, url=peer.url('/one'), data=None)
        equal([r.json[0]['N'] for r in peer.asked()], [0])


@test
def a_batch_with_a_record_that_is_refused(case):
    """One bad record of a batch goes to the dead letters; the others are delivered."""
    def answer(request):
        return {'status': 400 if 13 in [row['N'] for row in request.json] else 200}
    with http_peer.Peer() as peer:
        peer.on('/hook', answer)
        send(case, [record('k%d' % i, n=i) for i in range(32)], DEAD, {'batch.size': 32, 'linger.ms': 200}, peer=peer)
        taken = [row['N'] for r in peer.asked() for row in r.json if 13 not in [row['N'] for row in r.json]]
        equal(sorted(set(taken)), [i for i in range(32) if i != 13])
    equal([key for key, _ in dead(case)], ['k13'])


@test
def presets(case):
    """Each service gets what it takes, and an alert is taken back when its row is deleted."""
    rows = [record('a', msg='say "x"'), record('a')]
    token = {'alert.token': 'sesame', 'alert.text': 'low: ${MSG}', 'alert.title': 'Stock "of" ${ID}'}
    text = 'low: say "x"'
    got = {}
    with http_peer.Peer() as peer:
        peer.on('/*', {})
        for name in ('slack', 'teams', 'discord', 'pagerduty', 'opsgenie', 'alertmanager', 'splunk-hec', 'json'):
            send(case, rows, token, {'preset': name}, stream=TABLE, url=peer.url('/' + name), data=None)
            got[name] = peer.asked('/%s*' % name)
        send(case, rows, {'preset': 'slack', 'alert.text': '${MSG}', 'alert.resolved': 'over: ${ID}'}, stream=TABLE,
             url=peer.url('/over'), data=None)
        equal([r.json['text'] for r in peer.asked('/over')], ['say "x"', 'over: a'])
    for name in ('slack', 'teams', 'discord', 'splunk-hec', 'json'):
        equal(len(got[name]), 1, name)
    equal(got['slack'][0].json, {'text': text})
    card = got['teams'][0].json['attachments'][0]['content']
    equal([b['text'] for b in card['body']], ['Stock "of" a', text])
    equal(got['discord'][0].json, {'content': text, 'allowed_mentions': {'parse': []}})
    alert, over = (r.json for r in got['pagerduty'])
    equal((alert['routing_key'], alert['event_action'], alert['dedup_key'], alert['payload']['summary'],
           alert['payload']['severity']), ('sesame', 'trigger', 'ALERTS/a', text, 'critical'))
    equal(over, {'routing_key': 'sesame', 'event_action': 'resolve', 'dedup_key': 'ALERTS/a'})
    alert, over = got['opsgenie']
    equal((alert.headers['authorization'], alert.json['alias'], alert.json['priority']),
          ('GenieKey sesame', 'ALERTS/a', 'P3'))
    equal(over.path, '/opsgenie/ALERTS%2Fa/close?identifierType=alias')
    alert, over = (r.json[0] for r in got['alertmanager'])
    equal(alert['labels'], over['labels'])
    must('endsAt' in over and 'endsAt' not in alert and alert['annotations']['summary'] == text, alert, over)
    event = got['splunk-hec'][0]
    equal((event.headers['authorization'], event.json['event'], event.json['time']),
          ('Splunk sesame', {'MSG': 'say "x"'}, '1.000'))
    equal(got['json'][0].json, {'ID': 'a', 'MSG': 'say "x"'})


@test
def deleted_rows(case):
    """A tombstone is ignored, sent as told with its key columns, or dead; value columns are refused there."""
    rows = [record('a', msg='x'), record('a')]
    with http_peer.Peer() as peer:
        peer.on('/*', {})
        send(case, rows, stream=TABLE, url=peer.url('/ignored'), data=None)
        equal([r.method for r in peer.asked('/ignored')], ['POST'])
        send(case, rows, {'on.delete.body': '{"over":"${ID}"}', 'on.delete.url': peer.url('/over/${ID}')}, stream=TABLE,
             url=peer.url('/told'), data=None)
        equal([(r.method, r.json) for r in peer.asked('/over/a')], [('POST', {'over': 'a'})])
        send(case, rows, {'behavior.on.null.values': 'delete', 'request.method': 'PUT'}, stream=TABLE,
             url=peer.url('/rows/${ID}'), data=None)
        equal([(r.method, r.body) for r in peer.asked('/rows/a')], [('PUT', b'{"ID":"a","MSG":"x"}'), ('DELETE', b'')])
        send(case, rows, DEAD, {'behavior.on.null.values': 'fail'}, stream=TABLE, url=peer.url('/fail'))
    equal([key for key, _ in dead(case)], ['a'])
    for options, at in (({'on.delete.body': '${ID} ${MSG}'}, 'MSG'), ({'on.delete.url': 'http://127.0.0.1/${value}'}, 'value'),
                        ({'on.delete.method': 'DELETE', 'header.X-M': '${MSG}'}, 'MSG')):
        said = case.refused(TABLE + sink('http://127.0.0.1/x', options), 'a deleted row has its key columns only', data=None)
        must('^' + '~' * (len(at) - 1) in said, said)


# ---- what is answered ----

@test
def failures_are_tried_again(case):
    """500s, resets, cut and senseless answers, silence and a slow body: again, with the same id, until it is taken."""
    faults = [{'status': 500}, {'status': 503}, {'status': 429}, {'status': 408}, {'fault': 'reset'}, {'fault': 'close'},
              {'fault': 'cut', 'body': 'x' * 1000}, {'fault': 'garbage'}, {'fault': 'silent'},
              {'fault': 'drip', 'body': 'x' * 60}, {'raw': 'HTTP/1.1 200 OK\r\nContent-'}, {'fault': 'heads'},
              {'raw': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok'}]
    with http_peer.Peer() as peer:
        peer.on('/hook', *faults, {'status': 204})
        send(case, [record('a', n=1)], {'http.request.timeout.ms': 3000}, peer=peer)
        must(len(peer.asked()) > len(faults), len(peer.asked()))
        equal(len(set(ids(peer.asked()))), 1, 'ids')
    equal(len({r.text for r in peer.asked()}), 1, 'bodies')


@test
def endless_answers(case):
    """An answer of 10 GB is not read: its status counts, and memory stays what it is."""
    with http_peer.Peer() as peer:
        peer.on('/hook', {'fault': 'endless'})
        send(case, [record('k%d' % i, n=i) for i in range(20)], peer=peer)
        equal(sorted(r.json['N'] for r in peer.asked()), list(range(20)))


@test
def retry_after(case):
    """Retry-After is obeyed, in seconds and as a date."""
    def date(_):
        at = time.time() + 2
        return {'status': 503, 'headers': {'Retry-After': time.strftime('%a, %d %b %Y %H:%M:%S GMT', time.gmtime(at))}}
    for answer, least in (({'status': 429, 'headers': {'Retry-After': '1'}}, 1.0), (date, 0.9)):
        with http_peer.Peer() as peer:
            peer.on('/hook', answer, {})
            send(case, [record('a', n=1)], peer=peer, data=None)
            first, second = peer.asked()
            must(second.at - first.at >= least - 0.05, second.at - first.at)


@test
def refusals_go_to_the_dead_letters(case):
    """400, redirects and what cannot be rendered: dead letters that say why and where, and the rest is delivered."""
    rows = [record('bad', kind='400', n=1), record('moved', kind='302', n=2), record('null', n=3),
            record('up', kind='..', n=4), record('big', kind='x' * 300, n=5), record('good', kind='200', n=6)]
    with http_peer.Peer() as peer, http_peer.Peer() as private:
        private.on('/*', {})
        peer.on('/hook/400', {'status': 400, 'body': 'do not log me'})
        peer.on('/hook/302', {'status': 302, 'headers': {'Location': private.url('/secret')}})
        peer.on('/hook/200', {})
        out = send(case, rows, DEAD, {'body.bytes.max': 200}, url=peer.url('/hook/${KIND}'))
        equal(sorted(r.path for r in peer.asked()), ['/hook/200', '/hook/302', '/hook/400'])
        equal(private.asked(), [])
    found = dict(dead(case))
    equal(sorted(found), ['bad', 'big', 'moved', 'null', 'up'])
    for key, text in (('bad', 'answered 400'), ('moved', 'redirects are not followed'), ('null', 'NULL'),
                      ('up', 'leave its path'), ('big', 'body.bytes.max')):
        must(text in reason(found[key]), key, found[key])
    equal({name: found['moved'].get('__connect.errors.' + name) for name in
           ('topic', 'partition', 'offset', 'connector.name', 'stage', 'attempts')},
          {'topic': 'ALERTS', 'partition': '0', 'offset': '1', 'connector.name': 'HOOKS', 'stage': 'PUT', 'attempts': '1'})
    equal(found['null']['__connect.errors.stage'], 'RENDER')
    must('do not log me' not in out.err(), out.err())


@test
def redirects(case):
    """None is followed, also not to where requests may go; what it led to learns nothing, and the record is a dead letter."""
    kinds = ('301', '302', '303', '307', '308')
    with http_peer.Peer() as private:
        private.on('/*', {})
        with http_peer.Peer() as peer:
            for kind in kinds:
                peer.on('/' + kind, {'status': int(kind), 'headers': {'Location': private.url('/secret')}})
            send(case, [record(kind, kind=kind) for kind in kinds], DEAD, {'auth.token': 'tok'}, url=peer.url('/${KIND}'))
            equal(len(peer.asked()), len(kinds))
        equal(private.connections, 0)
    equal(sorted((key, reason(headers)) for key, headers in dead(case)),
          [(kind, 'the endpoint answered %s: redirects are not followed' % kind) for kind in kinds])


@test
def retries_that_are_used_up(case):
    """After max.retries a record is a dead letter, and its key goes on."""
    def answer(request):
        return {'status': 503 if request.json['N'] == 1 else 200}
    with http_peer.Peer() as peer:
        peer.on('/hook', answer)
        send(case, [record('a', n=i) for i in range(3)], DEAD, {'max.retries': 2}, peer=peer)
        equal([r.json['N'] for r in peer.asked()], [0, 1, 1, 1, 2])
    equal([h['__connect.errors.attempts'] for _, h in dead(case)], ['3'])


@test
def gone(case):
    """410 stops the connector, which says so; the record waits, and is sent with the same id after a restart."""
    with http_peer.Peer() as peer:
        peer.on('/hook', {}, {'status': 410})
        rows = [record('a', n=i) for i in range(4)]
        out = send(case, rows, DEAD, peer=peer, status=1)
        must('answered 410' in out.err(), out.err())
        equal([r.json['N'] for r in peer.asked()], [0, 1])
        first = ids(peer.asked())[1]
        peer.clear()
        peer.on('/hook', {})
        case.run(STREAM + sink(peer.url('/hook'), DEAD))
        equal([r.json['N'] for r in peer.asked()], [1, 2, 3])
        equal(ids(peer.asked())[0], first)
    equal(dead(case), [])


@test
def codes_as_told(case):
    """Status codes can be success, retry or drop as an operator says; wrong lists are refused."""
    options = {'success.status.codes': '200-299,409', 'retry.on.status.codes': '404,500-', 'drop.on.status.codes': '422'}
    answers = {'0': [{'status': 409}], '1': [{'status': 404}, {}], '2': [{'status': 422}], '3': [{'status': 418}]}
    with http_peer.Peer() as peer:
        for kind, given in answers.items():
            peer.on('/' + kind, *given)
        send(case, [record('a', kind=kind, n=1) for kind in answers], DEAD, options, url=peer.url('/${KIND}'))
        equal([r.path for r in peer.asked()], ['/0', '/1', '/1', '/2', '/3'])
    equal([reason(h) for _, h in dead(case)], ['the endpoint answered 418'])
    for wrong in ('x', '99', '700', '500-400', '200-x'):
        case.refused(STREAM + sink('http://127.0.0.1/', {'retry.on.status.codes': wrong}), 'status codes', data=None)


@test
def order_of_keys(case):
    """With 4 lanes and an endpoint that fails at random, what is taken of each key is in order, and nothing is missing."""
    rng = random.Random(7)
    taken = []
    lock = threading.Lock()

    def answer(request):
        with lock:
            if rng.random() < 0.25:
                return rng.choice([{'status': 500}, {'status': 429}, {'fault': 'reset'}, {'fault': 'close'}])
            taken.append((request.json['ID'], request.json['N']))
            return {}
    with http_peer.Peer() as peer:
        peer.on('/hook', answer)
        send(case, [record('k%d' % (n % 11), n=n) for n in range(300)], {'max.in.flight.requests': 4}, peer=peer)
        must(len({r.connection for r in peer.asked()}) > 1, 'several connections')
    by_key = {}
    for key, n in taken:
        by_key.setdefault(key, []).append(n)
    for key, numbers in by_key.items():
        equal(numbers, list(range(int(key[1:]), 300, 11)), key)


# ---- who may be asked, and who we are ----

@test
def addresses_that_are_refused(case):
    """Loopback, private and metadata addresses, odd spellings, names that lead there, users in URLs, other ports."""
    at_create = [
        ('https://169.254.169.254/latest', 'credentials'), ('https://10.1.2.3/', 'private'), ('https://127.0.0.1/', 'loopback'),
        ('https://2130706433/', 'loopback'), ('https://0x7f.1/', 'loopback'), ('https://[::1]/', 'loopback'),
        ('https://[::ffff:169.254.169.254]/', 'credentials'), ('https://[fd00:ec2::254]/', 'credentials'),
        ('https://[64:ff9b::7f00:1]/', 'loopback'), ('https://0.0.0.0/', 'unspecified'), ('https://100.64.0.1/', 'shared'),
        ('https://u:p@example.com/', 'URL'), ('http://example.com/', 'not https'), ('ftp://example.com/', 'neither'),
        ('https://8.8.8.8:22/', 'port'), ('https://${KIND}/', 'host'), ('https://${KIND}.example.com/', 'host'),
        ('${KIND}', 'host'), ('https://example.com${KIND:raw}/', 'host'), ('', 'http.url'),
    ]
    for url, text in at_create:
        case.refused(STREAM + sink(url, local={}), text, data=None)
    case.refused(STREAM + sink('https://169.254.169.254/', {'http.allow.addresses': '0.0.0.0/0'}, local={}),
                 'credentials', data=None)
    with http_peer.Peer() as peer:
        peer.on('/*', {})
        url = peer.url('/x', host='localhost')
        send(case, [record('a', n=1)], url=url, data=None)
        equal(len(peer.asked()), 1, 'allowed')
        peer.clear()
        rows = [record('b', kind='127.0.0.1:%d' % peer.port), record('c', kind='localhost:%d' % peer.port),
                record('d', kind='2130706433:%d' % peer.port)]
        case.run(STREAM + sink('http://${KIND:raw}/x', DEAD, {'http.allow.insecure': 'true',
                                                             'http.allow.dynamic.host': 'true'}, local={}),
                 '--input', 'ALERTS=' + case.records('rows', rows), data='hosts')
        equal(peer.asked(), [])
    for r in case.topic('dead', data='hosts'):
        must('refused' in json.dumps(r['headers']), r)
    equal(len(case.topic('dead', data='hosts')), 3)


@test
def who_we_are(case):
    """Basic, bearer, API key and a fixed Authorization arrive as they are given."""
    wanted = [({'auth.user': 'ann', 'auth.password': 'p:w'}, 'authorization', 'Basic ' + base64.b64encode(b'ann:p:w').decode()),
              ({'bearer.token': 'tok'}, 'authorization', 'Bearer tok'),
              ({'auth.type': 'apikey', 'auth.token': 'k', 'auth.header': 'X-Mine'}, 'x-mine', 'k'),
              ({'http.authorization.type': 'static', 'http.headers.authorization': 'Weird x'}, 'authorization', 'Weird x')]
    with http_peer.Peer() as peer:
        peer.on('/*', {})
        for options, name, value in wanted:
            peer.clear()
            send(case, [record('a', n=1)], options, peer=peer, data=None)
            equal([r.headers.get(name) for r in peer.asked()], [value])
    for options in ({'auth.type': 'basic'}, {'auth.type': 'bearer'}, {'auth.type': 'oauth2'}):
        case.refused(STREAM + sink('http://127.0.0.1/', options), 'this needs option', data=None)
    case.refused(STREAM + sink('http://127.0.0.1/', {'auth.token': 'a\nb'}), 'control character', data=None)


@test
def proxies(case):
    """A proxy is asked for all where one is told, with its own password, which is not shown; never one of the environment."""
    env = dict.fromkeys(('http_proxy', 'https_proxy', 'all_proxy', 'HTTPS_PROXY', 'ALL_PROXY'), 'http://127.0.0.1:1')
    with http_peer.Peer() as peer:
        peer.on('*', {})
        send(case, [record('a', n=1)], peer=peer, data=None, env=env)
        told = {'http.proxy': 'http://ann:pass-word@127.0.0.1:%d' % peer.port}
        sql = STREAM + sink('http://shop.test/hook', told) + 'DESCRIBE CONNECTOR hooks;\n'
        out = case.run(sql, '--input', 'ALERTS=' + case.records('in', [record('b', n=2)]), env=env)
        equal([(r.path, r.json['N']) for r in peer.asked()], [('/hook', 1), ('http://shop.test/hook', 2)])
        equal(peer.asked()[1].headers['proxy-authorization'], 'Basic ' + base64.b64encode(b'ann:pass-word').decode())
        must('pass-word' not in out.out() + out.err(), out.out())


AWS = {'aws.region': 'eu-west-1', 'aws.access.key.id': 'AKIDEXAMPLE', 'aws.secret.access.key': 'se/cret',
       'aws.session.token': 'of+session'}


@test
def aws(case):
    """Requests are signed as AWS describes it: each try anew, whatever is in URL, body and their encoding; no secret is
    shown."""
    with http_peer.Peer() as peer:
        peer.on('/*', {'status': 500}, {})
        url = peer.url('/prod/${KIND}?b=2&a=,*&a=${MSG}')
        rows = [record('k%d' % n, kind=kind, msg=kind * 300) for n, kind in enumerate(('x', 'a/b c', 'ä?&=+', '~'))]
        out = send(case, rows, AWS, {'request.compression': 'gzip'}, url=url)
        shown = case.run(STREAM + sink(url, AWS) + 'CHECK CONNECTOR hooks;\nDESCRIBE CONNECTOR hooks;\n')
        asked = peer.asked()
        equal(len({r.path for r in asked}), 4)
        for r in asked:
            aws_signature.must_fit(r, 'eu-west-1', 'execute-api', 'AKIDEXAMPLE', 'se/cret')
            equal(r.headers['x-amz-security-token'], 'of+session')
            must('x-amz-content-sha256' not in r.headers, r.headers)
        must('Authorization: AWS4-HMAC-SHA256 [hidden]' in shown.out(), shown.out())
        for secret in ('se/cret', 'of+session'):
            must(secret not in out.err() + shown.out() + shown.err(), secret, 'is shown')
        peer.clear()
        peer.on('/*', {})
        send(case, rows[:2], AWS, {'aws.service': 's3'}, url=url, data=None)
        for r in peer.asked():
            aws_signature.must_fit(r, 'eu-west-1', 's3', 'AKIDEXAMPLE', 'se/cret')
            equal(r.headers['x-amz-content-sha256'], hashlib.sha256(r.body).hexdigest())
    for missing in ('aws.region', 'aws.secret.access.key'):
        case.refused(STREAM + sink('http://127.0.0.1/', {n: v for n, v in AWS.items() if n != missing}, {'auth.type': 'aws'}),
                     "needs option '%s'" % missing, data=None)
    case.refused(STREAM + sink('http://127.0.0.1/', AWS, {'auth.user': 'ann'}), 'exclude each other', data=None)


@test
def http2(case):
    """TLS agrees on HTTP/2, not where http.version is 1.1; 2 is for https only, and a server of the old kind is asked, too."""
    made = certificates.make(case.path('tls'))
    ca = {'tls.ca.file': made.ca}
    rows = [record('k%d' % n, n=n) for n in range(20)]

    def numbers(peer):
        return sorted(json.loads(body)['N'] for body in peer.bodies)
    with h2_peer.Peer(tls=made) as peer:
        url = peer.url('/hook', host='localhost')
        send(case, rows, ca, url=url, data=None)
        equal(numbers(peer), list(range(20)))
        equal(set(peer.spoken), {'h2'})
        send(case, rows[:1], ca, DEAD, {'http.version': '1.1', 'max.retries': 0}, url=url, data='old')
        equal(peer.spoken[-1], 'other')
        equal((len(peer.bodies), len(case.topic('dead', data='old'))), (20, 1))
    with http_peer.Peer(tls=made) as peer:
        peer.on('/hook', {})
        send(case, rows[:1], ca, {'http.version': '2'}, url=peer.url('/hook', host='localhost'), data=None)
        equal(len(peer.asked()), 1)
    case.refused(STREAM + sink('http://127.0.0.1/', {'http.version': '2'}), 'this URL is not https', data=None)


@test
def oauth2(case):
    """One token for all lanes, replaced before it ends and when it is refused; its endpoint may fail; nothing of it is shown."""
    tokens, taken = [], []
    lock = threading.Lock()

    def give(request):
        form = dict(urllib.parse.parse_qsl(request.text))
        must(form == {'grant_type': 'client_credentials', 'scope': 'hooks all'}, form)
        with lock:
            tokens.append('token-%d' % len(tokens))
            return {'json': {'access_token': tokens[-1], 'token_type': 'Bearer', 'expires_in': 3600}}

    def take(request):
        with lock:
            taken.append(request.headers['authorization'])
            good = len(taken) != 9 and taken[-1] == 'Bearer ' + tokens[-1]
            return {'status': 200 if good else 401}
    options = {'oauth2.client.id': 'me', 'oauth2.client.secret': 'clientsecret', 'oauth2.client.scope': 'hooks all'}
    with http_peer.Peer() as peer:
        peer.on('/hook', take)
        peer.on('/token', {'status': 500}, {'fault': 'reset'}, {'json': {'no': 'token'}}, {'body': '<html>'},
                {'json': {'access_token': 'a\r\nX-Other: b', 'expires_in': 3600}}, {'json': {'access_token': ''}}, give)
        out = send(case, [record('k%d' % i, n=i) for i in range(30)], DEAD, options, {'oauth2.token.url': peer.url('/token')},
                   peer=peer)
        equal(len(tokens), 2, 'tokens')
        equal(peer.asked('/token')[0].headers['authorization'], 'Basic ' + base64.b64encode(b'me:clientsecret').decode())
        for text in ('clientsecret', 'token-0', 'token-1'):
            must(text not in out.err() + out.out(), out.err())
        equal(len({r.json['N'] for r in peer.asked('/hook')}), 30)
    equal(dead(case), [])


@test
def oauth2_expiry(case):
    """A token that has ended is replaced; one that is refused from the start makes dead letters, not a loop."""
    count = [0]

    def give(_):
        count[0] += 1
        return {'json': {'access_token': 't%d' % count[0], 'expires_in': 1 if count[0] < 3 else -1 << 63}}
    options = {'oauth2.client.id': 'me', 'oauth2.client.secret': 's', 'oauth2.client.auth.mode': 'body'}
    with http_peer.Peer() as peer:
        peer.on('/hook', {'delay': 1.2}, {})
        peer.on('/token', give)
        send(case, [record('a', n=i) for i in range(2)], options, {'oauth2.token.url': peer.url('/token')}, peer=peer)
        first, second = [r.headers['authorization'] for r in peer.asked('/hook')]
        must(first.startswith('Bearer t') and first != second, first, second)
        equal(dict(urllib.parse.parse_qsl(peer.asked('/token')[0].text))['client_secret'], 's')
        peer.on('/hook', {'status': 401})
        send(case, [record('a', n=i) for i in range(2)], DEAD, options, {'oauth2.token.url': peer.url('/token')}, peer=peer,
             data='refused')
    equal(len(case.topic('dead', data='refused')), 2)


@test
def tls(case):
    """Certificates are checked: unknown, expired, another name: not sent. A client certificate is shown when told."""
    made = certificates.make(case.path('tls'))
    ca = {'tls.ca.file': made.ca}
    more = {'max.retries': 1}
    one = [record('a', n=1)]
    with http_peer.Peer(tls=made) as peer:
        peer.on('/hook', {})
        url = peer.url('/hook', host='localhost')
        send(case, one, ca, url=url, data=None)
        equal(len(peer.asked()), 1)
        send(case, one, DEAD, more, url=url, data='unknown')
        send(case, one, DEAD, more, ca, {'tls.server.name': 'example.com'}, url=url, data='name')
        equal(len(peer.asked()), 1, 'refused certificates')
        out = send(case, one, {'tls.verify': 'false'}, url=url, data=None)
        must("'tls.verify' is false" in out.err(), out.err())
        equal(len(peer.asked()), 2)
    with http_peer.Peer(tls=made, expired=True) as peer:
        peer.on('/hook', {})
        send(case, one, DEAD, more, ca, url=peer.url('/hook', host='localhost'), data='expired')
        equal(peer.asked(), [])
    for data in ('unknown', 'name', 'expired'):
        letter, = case.topic('dead', data=data)
        must('TLS' in json.dumps(letter), letter)
    with http_peer.Peer(tls=made, ask_client=True) as peer:
        peer.on('/hook', {})
        send(case, one, ca, {'tls.cert.file': made.client, 'tls.key.file': made.client_key},
             url=peer.url('/hook', host='localhost'), data=None)
        equal(len(peer.asked()), 1)
    case.refused(STREAM + sink('https://127.0.0.1/', {'tls.ca.file': case.path('none')}), 'none', data=None)


# ---- statements ----

@test
def mistakes_at_create(case):
    """A template that names no column fails at CREATE with a caret below it; so do options that make no sense together."""
    for options, text in (({'body': '{"x":"${MSH}"}'}, 'did you mean ${MSG}?'), ({'http.url': 'http://127.0.0.1/${KIMD}'}, '${KIND}'),
                          ({'header.X-A': 'a ${KIMD}'}, '${KIND}'), ({'headers': 'A: b|X: ${KIMD}'}, '${KIND}'),
                          ({'preset': 'slack', 'alert.text': 'it''s ${MSH}'}, '${MSG}')):
        said = case.refused(STREAM + sink('http://127.0.0.1/', options), text, data=None)
        lines = said.splitlines()
        caret = next(i for i, line in enumerate(lines) if line.strip().startswith('^'))
        column = lines[caret].index('^')
        must(lines[caret - 1][column:].startswith(('MSH', 'KIMD')), said)
    for options, text in (({'headers': 'no colon'}, 'Name: value'), ({'preset': 'slack', 'batch.size': 10}, 'one record at a time'),
                          ({'signing.secret': 'x' * 40, 'request.compression': 'gzip'}, 'what is signed'),
                          ({'id.prefix': 'a.b'}, 'no dots'), ({'request.method': 'GET'}, 'POST|PUT|PATCH|DELETE'),
                          ({'on.delete.body': 'x', 'behavior.on.null.values': 'ignore'}, "'delete'"),
                          ({'http.allow.addresses': '10.0.0.1/8'}, 'bits behind the prefix'), ({'htp.url': 'x'}, "'http.url'?")):
        case.refused(STREAM + sink('http://127.0.0.1/', options), text, data=None)


# ---- alerts ----

@test
def cooldown(case):
    """A key's first alert passes, its repeats within the time do not, also after a restart; a deleted row ends it."""
    rows = [record('a', msg='1', at=0), record('a', msg='2', at=5000), record('b', msg='3', at=5000),
            record('a', msg='4', at=10000), record('a', msg='5', at=12000)]
    later = [record('a', msg='6', at=19000), record('a', at=19500), record('a', msg='7', at=19600),
             record('b', msg='8', at=14999), record('b', msg='9', at=15000)]
    with http_peer.Peer() as peer:
        peer.on('/hook', {})
        options = {'alert.cooldown': '10s', 'body': '${MSG}', 'content.type': 'text/plain', 'on.delete.body': 'over'}
        send(case, rows, options, stream=TABLE, peer=peer)
        send(case, later, options, stream=TABLE, peer=peer)
        equal(sorted(r.text for r in peer.asked()), sorted(['1', '3', '4', 'over', '7', '9']))


@test
def an_alert_that_is_refused(case):
    """It does not count as told: the key's next one passes in spite of the cooldown."""
    with http_peer.Peer() as peer:
        peer.on('/hook', {'status': 400}, {})
        engine = case.start(STREAM + sink(peer.url('/hook'), DEAD, {'alert.cooldown': '1h'}), '--input', 'ALERTS=-')
        engine.feed(record('a', n=1, at=1))
        engine.says('answered 400')
        engine.feed(record('a', n=2, at=2), record('a', n=3, at=3))
        peer.wait(2)
        engine.stop()
        equal([r.json['N'] for r in peer.asked()], [1, 2])


@test
def limit(case):
    """At most so many alerts in an interval of the records' time."""
    with http_peer.Peer() as peer:
        peer.on('/hook', {})
        send(case, [record('k%d' % i, n=i, at=i * 100) for i in range(50)], {'alert.limit': 3, 'alert.limit.interval': '1s'},
             peer=peer, data=None)
        equal(sorted(r.json['N'] for r in peer.asked()), [n for s in range(0, 50, 10) for n in range(s, s + 3)])


# ---- outages and crashes ----

@test
def down_for_long(case):
    """An endpoint that is away, then breaks off thousands of requests, delays its records only: memory stays flat, and
    all arrive in order when it is well."""
    port = ports.hold()
    options = {'retry.backoff.ms': 1, 'retry.backoff.max.ms': 2, 'breaker.failures': 0, 'max.buffered.records': 500}
    engine = case.start(STREAM + sink('http://127.0.0.1:%d/hook' % port, options), '--input', 'ALERTS=-', weir=RELEASE)
    total = 6000
    attempts = 0
    engine.feed(*[record('k%d' % (n % 5), n=n, msg='x' * 200) for n in range(1000)])
    engine.says('unreachable')
    peer = http_peer.Peer(port)
    peer.on('/hook', {'fault': 'reset'})
    with peer:
        peer.wait(200)
        before = engine.rss()
        for first in range(1000, total, 1000):
            engine.feed(*[record('k%d' % (n % 5), n=n, msg='x' * 200) for n in range(first, first + 1000)])
            attempts += len(peer.wait(500, seconds=120))
            peer.clear()
        grown = engine.rss() - before
        must(attempts >= 2500, attempts, 'attempts')
        must(grown < 24 << 20, 'grown by %d kB' % (grown >> 10))
        case.note('grown by %d kB while %d records waited and %d attempts failed', grown >> 10, total, attempts)
        peer.on('/hook', {})
        peer.wait(total, seconds=120)
        until(lambda: len({r.json['N'] for r in peer.asked()}) == total, what='all records')
        engine.stop()
        by_key = {}
        for r in peer.asked():
            numbers = by_key.setdefault(r.json['ID'], [])
            if r.json['N'] not in numbers:
                numbers.append(r.json['N'])
        for key, numbers in by_key.items():
            equal(numbers, list(range(numbers[0], total, 5)), key)


class Model:
    """Takes webhooks as a receiver does that keeps ids; sometimes it fails."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.effects = {}       # id -> body
        self.arrived = []
        self.wrong = []
        self.lock = threading.Lock()

    def __call__(self, request):
        with self.lock:
            if self.rng.random() < 0.02:
                return self.rng.choice([{'status': 500}, {'fault': 'reset'}])
            key = request.headers['webhook-id']
            if request.headers['webhook-signature'] != signature(request):
                self.wrong.append('signature of %s' % key)
            if self.effects.setdefault(key, request.text) != request.text:
                self.wrong.append('another body for %s' % key)
            self.arrived.append(request.json)
            return {}

    def check(self, total, keys):
        equal(self.wrong, [])
        equal(len(self.effects), total, 'ids')
        equal(sorted(json.loads(t)['N'] for t in self.effects.values()), list(range(total)))
        first = {}
        for row in self.arrived:
            numbers = first.setdefault(row['ID'], {})
            numbers.setdefault(row['N'])
        for key, numbers in first.items():
            equal(list(numbers), list(range(int(key[1:]), total, keys)), key)


def kill_often(case, peer, model, total, keys, kill, most=100):
    """kill(engine, enough) until all have arrived; then to the end in peace."""
    peer.on('/hook', model)
    path = case.records('in', [record('k%d' % (n % keys), n=n) for n in range(total)])
    whole = {'signing.secret': SECRET}
    slow = dict(whole, **{'rate.limit': '500'})     # so that it can be killed at work
    case.run(STREAM, '--input', 'ALERTS=' + path)
    kills = 0
    while len(model.effects) < total and kills < most:
        kill(STREAM + sink(peer.url('/hook'), slow), len(model.arrived))
        kills += 1
    case.run(STREAM + sink(peer.url('/hook'), whole))
    case.note('%d kills, %d requests for %d records', kills, len(peer.asked()), total)
    must(kills >= 5, kills, 'kills')
    model.check(total, keys)


@test
def killed(case):
    """kill -9 again and again: every id arrives, by id each effect is there once and is what the model says, keys in order."""
    rng = random.Random(11)
    model = Model(11)
    total = 1500
    with http_peer.Peer() as peer:
        def kill(sql, seen):
            wanted = seen + rng.randrange(1, 300)
            engine = case.start(sql, '--set', 'commit.interval.ms=20')
            until(lambda: len(model.arrived) >= wanted or len(model.effects) == total, what='records')
            engine.kill()
        kill_often(case, peer, model, total, 7, kill)


@test
def killed_at_fault_points(case):
    """The same, dying at the points of a commit."""
    model = Model(12)
    rng = random.Random(12)
    total = 1000
    points = ['epoch.begin', 'epoch.collected', 'store.write', 'store.written', 'epoch.done']
    with http_peer.Peer() as peer:
        def kill(sql, _):
            fault = '%s:%d:kill' % (rng.choice(points), rng.randrange(1, 5))
            engine = case.start(sql, '--set', 'commit.interval.ms=20', env={'WEIR_FAULT': fault})
            until(lambda: engine.process.poll() is not None or len(model.effects) == total, what='its end')
            engine.kill()
        kill_often(case, peer, model, total, 7, kill, most=40)
