"""Events over HTTP: the source `http-server`, spoken to by Python's own client and by raw sockets."""
import base64
import gzip
import hashlib
import hmac
import http.client
import json
import random
import socket
import threading
import time

import kafka
import ports
from case import Skipped, equal, must, test, until

CLICKS = """CREATE SOURCE CONNECTOR clicks WITH ('connector'='http-server', 'listen'='127.0.0.1:%d', 'path'='/api/events', 'batch.path'='/api/events/batch',
  'topic'='clicks', 'key'='userId', 'validate'='eventType IN (''view'',''add_to_cart'',''purchase'') AND userId IS NOT NULL', 'response.status'='201');
"""
STREAM = """CREATE STREAM clicks_in (userId STRING KEY, eventType STRING, n INT)
  WITH (kafka_topic='clicks', value_format='JSON', partitions=2);
"""


class Client:
    def __init__(self, port):
        self.port = port
        self.http = http.client.HTTPConnection('127.0.0.1', port, timeout=60)

    def close(self):
        self.http.close()

    def ask(self, method, path, body=None, headers=None):
        """Status, headers, body."""
        self.http.request(method, path, body, headers or {})
        answer = self.http.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()

    def post(self, path, body, headers=None, **more):
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        headers = {'Content-Type': 'application/json', **(headers or {}), **more}
        status, told, text = self.ask('POST', path, body, headers)
        try:
            return status, json.loads(text) if text else None, told
        except ValueError:
            return status, text, told


def event(user, kind='view', **more):
    return {'userId': user, 'eventType': kind, **more}


def listens(port):
    try:
        socket.create_connection(('127.0.0.1', port), 1).close()
        return True
    except OSError:
        return False


def source(name='events', **options):
    given = {'connector': 'http-server', 'path': '/in', 'topic': 'events'}
    given.update({k.replace('__', '-').replace('_', '.'): v for k, v in options.items()})
    text = ', '.join("'%s'='%s'" % (k, str(v).replace("'", "''")) for k, v in given.items())
    return 'CREATE SOURCE CONNECTOR %s WITH (%s);\n' % (name, text)


def serve(case, sql, *options, **more):
    """Starts it with %d in the statements as a free port. The engine and a client."""
    port = ports.hold()
    engine = case.start(sql.replace('%d', str(port)), *options, **more)
    until(lambda: listens(port) or engine.process.poll() is not None, what='nobody listens')
    must(engine.process.poll() is None, engine.err())
    return engine, Client(port)


def opened(case, *options, **more):
    return serve(case, source(listen='127.0.0.1:%d', **more), *options)


def values(case, topic='events'):
    return [r['value'] for r in case.topic(topic)]


# ---- what goes in ----

@test
def the_canonical_source(case):
    """The statement of the documentation works as it is written, before and after the stream over its topic."""
    for data, sql in (('before', CLICKS), ('with', STREAM + CLICKS), ('after', CLICKS + STREAM)):
        engine, client = serve(case, sql, data=data)
        equal(client.post('/api/events', event('u1', n=1))[:2], (201, {'accepted': 1}), data)
        equal(client.post('/api/events/batch', [event('u2', 'purchase'), event('u3')])[:2], (201, {'accepted': 2}))
        status, told, _ = client.post('/api/events', event('u4', 'dance'))
        equal((status, told['errors'][0]['field'].upper(), told['errors'][0]['record']), (400, 'EVENTTYPE', 0))
        status, told, _ = client.post('/api/events', {'eventType': 'view'})
        equal((status, told['errors'][0]['field'].upper()), (400, 'USERID'))
        equal(client.post('/api/other', event('u'))[0], 404)
        equal(client.ask('GET', '/api/events')[0], 405)
        client.close()
        engine.stop()
        got = case.topic('clicks', data=data)
        equal(sorted(r['key'] for r in got), ['u1', 'u2', 'u3'], data)
        equal({r['key']: r['value']['eventType'] for r in got}, {'u1': 'view', 'u2': 'purchase', 'u3': 'view'})


@test
def bodies(case):
    """Arrays, lines, gzip, and an array without items; what is no JSON object is refused and told."""
    engine, client = opened(case, batch_path='/many', response_body='{"ok":${count},"at":"${timestamp}"}')
    status, told, _ = client.post('/in', {'a': 1})
    equal((status, told['ok']), (200, 1))
    equal(client.post('/many', '{"a":2}\n\n {"a":3} \r\n{"a":4}')[:2], (200, {'accepted': 3}))
    equal(client.post('/many', ' [ {"a":5} , {"a":"x, ] }"},{"a":[1,{"b":2}]} ] ')[:2], (200, {'accepted': 3}))
    equal(client.post('/many', '[]')[:2], (200, {'accepted': 0}))
    equal(client.post('/many', gzip.compress(b'[{"a":8}]'), {'Content-Encoding': 'gzip'})[:2], (200, {'accepted': 1}))
    for bad in ('', '  ', '1', '"a"', 'null', '{', '{"a":tru}', '{"a":1}{"a":2}', '{"a":1}}', '[1]', '[{"a":1}', '[{]',
                '{"a":1},', '{"a":"\ud800"}'.encode('utf-8', 'surrogatepass'), b'\xff\xfe', '{"a":1,}', '[' * 100000):
        for path in ('/in', '/many'):
            status = client.post(path, bad)[0]
            must(status == 400 or (path == '/many' and status == 200 and bad == '{"a":1},'), path, repr(bad[:50]), status)
    status, told, _ = client.post('/many', '{"a":1}\nnothing\n{"a":2}')
    equal((status, told['accepted'], told['errors'][0]['record']), (400, 0, 1))
    client.close()
    engine.stop()
    equal([v['a'] for v in values(case)], [1, 2, 3, 4, 5, 'x, ] }', [1, {'b': 2}], 8])


@test
def bodies_over_a_stream(case):
    """The same refusals when a stream is declared over the topic, for each form of body."""
    sql = "CREATE STREAM s (a INT, b STRING) WITH (kafka_topic='events', value_format='%s', partitions=1);\n"
    for form in ('JSON', 'DELIMITED'):
        data = form.lower()
        engine, client = serve(case, sql % form + source(listen='127.0.0.1:%d', batch_path='/many'), data=data)
        equal(client.post('/in', {'a': 1, 'b': 'x,y'})[0], 200)
        for bad in ('1', 'null', '{', '{"a":1}{"a":2}', '{"a":1}}', '[1]', '{"a":1,"z":tru}', '{"a":1} {"b":"}"}', '{"a":1,"b":}'):
            equal(client.post('/in', bad)[0], 400, form + ' ' + bad)
        client.close()
        engine.stop()
        got = [r.get('value', r) for r in case.topic('events', data=data)]
        equal(len(got), 1, form)
        equal(got[0] if form == 'JSON' else got[0]['raw'], {'a': 1, 'b': 'x,y'} if form == 'JSON' else '1,"x,y"', form)


@test
def large_batches(case):
    """Batches of more than 1024 keep order; errors are told with their place; atomic takes none."""
    engine, client = opened(case, batch_path='/many', validate='a IS NOT NULL', max_body_bytes='4mb')
    equal(client.post('/many', [{'a': i} for i in range(3000)])[:2], (200, {'accepted': 3000}))
    wrong = [{'a': i} for i in range(3000)]
    wrong[2500] = {'b': 1}
    status, told, _ = client.post('/many', wrong)
    equal((status, told['accepted'], told['errors'][0]['record']), (400, 0, 2500))
    status, told, _ = client.post('/many', [{}] * 500)
    equal((status, len(told['errors'])), (400, 100))
    client.close()
    engine.stop()
    equal([v['a'] for v in values(case)], list(range(3000)))


@test
def partial_batches(case):
    """batch.mode=partial takes the good ones, and answers when they are durable."""
    engine, client = opened(case, batch_path='/many', validate='a > 0', batch_mode='partial')
    status, told, _ = client.post('/many', [{'a': 1}, {'a': 0}, {'a': 2}, 'x'])
    equal((status, told['accepted'], sorted(e['record'] for e in told['errors'])), (400, 2, [1, 3]))
    equal(client.post('/many', [{'a': 0}])[1]['accepted'], 0)
    client.close()
    engine.kill()
    equal([v['a'] for v in values(case)], [1, 2])


# ---- who may ----

@test
def tokens_and_passwords(case):
    """Bearer tokens and passwords: any of the list, nothing else; 401 says how to log in."""
    port = ports.hold()
    listen = '127.0.0.1:%d' % port
    sql = source('a', listen=listen, path='/a', auth='bearer', auth_tokens='first, ${env:TOKEN}')
    sql += source('b', listen=listen, path='/b', auth='basic', auth_users='ann:pass, bob:se:cret')
    sql += 'DESCRIBE CONNECTOR a;\n'
    engine, client = serve(case, sql.replace(str(port), '%d'), env={'TOKEN': 'second-token'})
    for value in ('Bearer first', 'bearer second-token', 'Bearer  first'):
        equal(client.post('/a', {}, Authorization=value)[0], 200, value)
    for value in ('Bearer fir', 'Bearer firstx', 'Bearer', 'Basic first', '', 'Bearer ${env:TOKEN}'):
        status, _, told = client.post('/a', {}, Authorization=value)
        equal((status, told['www-authenticate']), (401, 'Bearer'), value)
    for pair, wanted in ((b'ann:pass', 200), (b'bob:se:cret', 200), (b'ann:cret', 401), (b'ann', 401), (b'', 401)):
        value = 'Basic ' + base64.b64encode(pair).decode()
        equal(client.post('/b', {}, Authorization=value)[0], wanted, pair)
    equal(client.post('/b', {}, Authorization='Basic ???')[0], 401)
    client.close()
    engine.stop()
    said = engine.out() + engine.err()
    must('second-token' not in said and "first" not in engine.out().split('Property')[-1], said)


def signed(scheme, body, secret, at=None):
    key = secret.encode()
    if scheme == 'github':
        return {'X-Hub-Signature-256': 'sha256=' + hmac.new(key, body, hashlib.sha256).hexdigest()}
    if scheme == 'shopify':
        return {'X-Shopify-Hmac-SHA256': base64.b64encode(hmac.new(key, body, hashlib.sha256).digest()).decode()}
    if scheme == 'segment':
        return {'X-Signature': hmac.new(key, body, hashlib.sha1).hexdigest()}
    at = str(int(time.time()) if at is None else at)
    text = b'msg_1.' + at.encode() + b'.' + body
    return {'webhook-id': 'msg_1', 'webhook-timestamp': at,
            'webhook-signature': 'v1,' + base64.b64encode(hmac.new(key, text, hashlib.sha256).digest()).decode()}


@test
def signatures(case):
    """GitHub's, Shopify's, Segment's and standard signatures: right ones pass; changed bodies, other secrets and old
    ones do not."""
    sql = ''.join(source(s, listen='127.0.0.1:%d', path='/' + s, auth='signature', signing_scheme=s,
                         signing_secret='old-secret,new-secret') for s in ('github', 'shopify', 'segment', 'standard'))
    engine, client = serve(case, sql)
    body = b'{"a": 1}'
    for scheme in ('github', 'shopify', 'segment', 'standard'):
        for secret in ('old-secret', 'new-secret'):
            equal(client.post('/' + scheme, body, signed(scheme, body, secret))[0], 200, scheme)
        equal(client.post('/' + scheme, body + b' ', signed(scheme, body, 'new-secret'))[0], 401, scheme)
        equal(client.post('/' + scheme, body, signed(scheme, body, 'other'))[0], 401, scheme)
        equal(client.post('/' + scheme, body)[0], 401, scheme)
    equal(client.post('/standard', body, signed('standard', body, 'new-secret', time.time() - 4000))[0], 401)
    client.close()
    engine.stop()


@test
def web_pages(case):
    """CORS: pages of the list may ask and call, others get 403, also before the body is looked at."""
    engine, client = opened(case, cors_allowed_origins='https://shop.example')
    ask = {'Origin': 'https://shop.example', 'Access-Control-Request-Method': 'POST',
           'Access-Control-Request-Headers': 'content-type'}
    status, told, _ = client.ask('OPTIONS', '/in', headers=ask)
    must(status in (200, 204), status)
    equal(told['access-control-allow-origin'], 'https://shop.example')
    status, _, told = client.post('/in', {}, Origin='https://shop.example')
    equal((status, told['access-control-allow-origin']), (200, 'https://shop.example'))
    status, _, told = client.post('/in', {}, Origin='https://bad.example')
    must(status == 403 or 'access-control-allow-origin' not in told, status, told)
    client.close()
    engine.stop()


@test
def what_requests_add(case):
    """Members from the address and from headers; X-Forwarded-For counts only from trusted proxies, from the right."""
    more = {'remote_address_field': 'ip', 'header_fields': 'agent=user-agent, ref=referer'}
    sql = source('a', listen='127.0.0.1:%d', path='/a', **more)
    sql += source('b', listen='127.0.0.1:%d', path='/b', trusted_proxies='127.0.0.0/8, 10.0.0.0/8', **more)
    engine, client = serve(case, sql)
    forwarded = {'X-Forwarded-For': '6.6.6.6, 1.2.3.4 ,10.1.1.1', 'User-Agent': 'say "hi"'}
    equal(client.post('/a', {'n': 1}, forwarded)[0], 200)
    equal(client.post('/b', {'n': 2}, forwarded)[0], 200)
    equal(client.post('/b', {}, Referer='r')[0], 200)
    client.close()
    engine.stop()
    equal(values(case), [{'n': 1, 'ip': '127.0.0.1', 'agent': 'say "hi"', 'ref': None},
                         {'n': 2, 'ip': '1.2.3.4', 'agent': 'say "hi"', 'ref': None},
                         {'ip': '127.0.0.1', 'agent': None, 'ref': 'r'}])


# ---- limits ----

@test
def too_much(case):
    """413 for long bodies, also when they unpack to long ones; 429 with Retry-After over the rate; then it goes on."""
    engine, client = opened(case, batch_path='/many', max_body_bytes='10kb', rate_limit='5')
    equal(client.post('/in', '{"a":"%s"}' % ('x' * 20000))[0], 413)
    client.close()
    client = Client(client.port)
    equal(client.post('/in', gzip.compress(b'{"a":"%s"}' % (b'x' * 200000)), {'Content-Encoding': 'gzip'})[0], 413)
    client.close()
    client = Client(client.port)
    taken = []
    refused = 0
    for i in range(120):
        status, _, told = client.post('/in', {'i': i})
        if status == 200:
            taken.append(i)
        else:
            equal(status, 429)
            must(int(told['retry-after']) >= 1, told)
            refused += 1
    must(refused > 0, 'nothing was refused')
    until(lambda: client.post('/in', {'i': 1000})[0] == 200, what='never again')
    client.close()
    engine.stop()
    equal([v['i'] for v in values(case)][:-1], taken)


@test
def accepted_is_bounded(case):
    """With ack=accepted and no room clients are told 429, and what was accepted arrives after an orderly stop."""
    engine, client = opened(case, batch_path='/many', ack='accepted', max_buffered_bytes='2kb')
    taken = 0
    for i in range(300):
        if client.post('/many', [{'i': i, 'x': 'y' * 1000}] * 4)[0] == 200:
            taken += 4
    client.close()
    engine.stop()
    equal(len(values(case)), taken)


# ---- statements ----

@test
def listeners(case):
    """Several connectors on one listener; a path or port that is taken fails CREATE in clear words."""
    port = ports.hold()
    listen = '127.0.0.1:%d' % port
    both = source('a', listen=listen, path='/a') + source('b', listen=listen, path='/b', topic='other')
    case.refused(both + source('c', listen=listen, path='/a'), '/a')
    engine, client = serve(case, both.replace(str(port), '%d') + 'DROP CONNECTOR a;\n', data='two')
    until(lambda: client.post('/a', {'x': 1})[0] == 404, what='a is not dropped')
    equal(client.post('/b', {'x': 1})[0], 200)
    case.refused(source('d', listen='127.0.0.1:%d' % client.port), '127.0.0.1:%d' % client.port, 'in use', data='three')
    client.close()
    engine.stop()
    equal([r['value'] for r in case.topic('other', data='two')], [{'x': 1}])


@test
def statements_that_fail(case):
    """Wrong options fail at CREATE with the option, and where it helps with what to do."""
    for more, texts in (({'path': 'x'}, ('path', 'begins with /')), ({'auth': 'bearer'}, ('auth.tokens',)),
                        ({'auth': 'what'}, ('none|bearer|basic|signature',)), ({'validate': 'a >'}, ('validate',)),
                        ({'validate': 'a + 1'}, ('validate',)), ({'pth': '/'}, ("'path'",)),
                        ({'trusted_proxies': 'all'}, ('trusted.proxies',)), ({'header_fields': 'x'}, ('header.fields',)),
                        ({'auth': 'bearer', 'auth_tokens': '${env:NOT_THERE}'}, ('NOT_THERE', 'not set')),
                        ({'listen': '0.0.0.0:0'}, ('TLS',)), ({'response_status': '404'}, ('response.status', '200'))):
        case.refused(source(**more), *texts, data=None)


@test
def pause_and_resume(case):
    """A paused source answers 503 with Retry-After, also for its health."""
    sql = source(listen='127.0.0.1:%d', health_path='/health') + 'PAUSE CONNECTOR events;\n'
    engine, client = serve(case, sql)
    until(lambda: client.ask('GET', '/health')[0] == 503, what='not paused')
    status, _, told = client.post('/in', {})
    equal((status, 'retry-after' in told), (503, True))
    equal(client.ask('GET', '/health')[0], 503)
    client.close()
    engine.stop()
    engine, client = serve(case, sql + 'RESUME CONNECTOR events;\n', data='resumed')
    until(lambda: client.ask('GET', '/health')[0] == 200, what='not resumed')
    equal(client.post('/in', {})[0], 200)
    client.close()
    engine.stop()


# ---- durable ----

class Poster(threading.Thread):
    """Sends events one after the other until it is told to end; what was answered 200 is in `taken`."""

    def __init__(self, port, number):
        super().__init__()
        self.port, self.number = port, number
        self.taken, self.unsure, self.over = [], [], False
        self.start()

    def run(self):
        client, i = None, 0
        while not self.over:
            names = ['%d-%d-%d' % (self.number, i, k) for k in range(1 + i % 3)]
            i += 1
            try:
                client = client or Client(self.port)
                status = client.post('/many', [{'id': n} for n in names])[0]
                if status == 200:
                    self.taken += names
                    continue
            except (OSError, http.client.HTTPException):
                if client:
                    client.close()
                client = None
                time.sleep(0.005)
            self.unsure += names
        if client:
            client.close()


def killed(case, sql, rounds, *options):
    """Kills it again and again while clients post; what was taken, and what had no answer."""
    rng = random.Random(5)
    port = ports.hold()
    sql += source(listen='127.0.0.1:%d' % port, batch_path='/many')
    posters = []
    for _ in range(rounds):
        engine = case.start(sql, *options)
        until(lambda: listens(port), what='nobody listens')
        posters = posters or [Poster(port, n) for n in range(4)]
        enough = sum(len(p.taken) for p in posters) + rng.randrange(1, 400)
        until(lambda: sum(len(p.taken) for p in posters) >= enough, what=lambda: 'no answers\n' + engine.err())
        engine.kill()
    for p in posters:
        p.over = True
    for p in posters:
        p.join()
    return [n for p in posters for n in p.taken], {n for p in posters for n in p.unsure}


def compare(case, got, taken, unsure):
    equal(len(got), len(set(got)), 'twice')
    must(set(taken) <= set(got), 'lost: %s' % sorted(set(taken) - set(got))[:5])
    must(set(got) - set(taken) <= unsure, 'from nowhere')
    case.note('%d events answered, %d without an answer', len(taken), len(unsure))


@test
def killed_while_clients_post(case):
    """kill -9 while clients post: what was answered with success is in the topic once, whatever happens."""
    taken, unsure = killed(case, '', 6)
    compare(case, [v['id'] for v in values(case)], taken, unsure)


@test
def killed_on_kafka(case):
    """The same into Kafka, with both guarantees: what was answered is committed."""
    reason = kafka.unavailable()
    if reason:
        raise Skipped(reason)
    for guarantee in ('at_least_once', 'exactly_once_v2'):
        with kafka.Broker() as b:
            b.client.create_topic('events', partitions=2)
            taken, unsure = killed(case, "SET 'processing.guarantee'='%s';\n" % guarantee, 3,
                                   '--bootstrap-servers', b.bootstrap)
            got = [json.loads(r.value)['id'] for r in b.client.consume('events', isolation='read_committed')]
            compare(case, got, taken, unsure)


@test
def answers_do_not_wait(case):
    """An answer comes with the next commit, which comes because somebody waits: not after commit.interval.ms."""
    engine, client = serve(case, "SET 'commit.interval.ms'='3600000';\n" + source(listen='127.0.0.1:%d'))
    began = time.monotonic()
    for i in range(20):
        equal(client.post('/in', {'i': i})[0], 200)
    case.note('%.1f ms for each answer', (time.monotonic() - began) * 50)
    client.close()
    engine.kill()
    equal(len(values(case)), 20)
