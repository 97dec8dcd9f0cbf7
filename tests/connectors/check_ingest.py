"""Events over HTTP: the source `http-server`, spoken to by Python's own client and by raw sockets."""
import base64
import gzip
import hashlib
import hmac
import os
import shutil
import socket
import ssl
import time

import certificates
import ports
from case import equal, must, test, until
from ingest import Client, event, opened, serve, source, values

CLICKS = """CREATE SOURCE CONNECTOR clicks WITH ('connector'='http-server', 'listen'='127.0.0.1:%d', 'path'='/api/events', 'batch.path'='/api/events/batch',
  'topic'='clicks', 'key'='userId', 'validate'='eventType IN (''view'',''add_to_cart'',''purchase'') AND userId IS NOT NULL', 'response.status'='201');
"""
STREAM = """CREATE STREAM clicks_in (userId STRING KEY, eventType STRING, n INT)
  WITH (kafka_topic='clicks', value_format='JSON', partitions=2);
"""


# ---- what goes in ----

@test
def the_canonical_source(case):
    """The statement of the documentation works as it is written, before and after the stream over its topic."""
    for data, sql in (('before', CLICKS), ('with', STREAM + CLICKS), ('after', CLICKS + STREAM)):
        engine, client = serve(case, sql, data=data)
        equal(client.post('/api/events', event('u1', n=1))[:2], (201, {'accepted': 1}), data)
        equal(client.post('/api/events/batch', [event('u2', 'purchase'), event('u3')])[:2], (201, {'accepted': 2}))
        status, told, _ = client.post('/api/events', event('u4', 'dance'))
        equal((status, told['errors'][0]['field'], told['errors'][0]['record']), (400, 'eventType', 0))
        status, told, _ = client.post('/api/events', {'eventType': 'view'})
        equal((status, told['errors'][0]['field']), (400, 'userId'))
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


@test
def names_in_errors(case):
    """What is wrong is called as the client calls it, inside of values, too; where it has none, as the operator does."""
    sql = """CREATE STREAM s (userId STRING, item STRUCT<price DOUBLE, tags ARRAY<INT>>, n INT)
      WITH (kafka_topic='events', value_format='JSON', partitions=1);\n"""
    engine, client = serve(case, sql + source(listen='127.0.0.1:%d', batch_path='/many', validate='userId IS NOT NULL AND n > 0'))
    for body, field in (({'UserID': 'u', 'N': 'x'}, 'N'), ({'userID': None, 'n': 1}, 'userID'), ({'n': 1}, 'userId'),
                        ({'userid': 'u', 'n': 1, 'Item': {'Price': 'dear'}}, 'Item.Price'), ({'userid': 'u', 'n': -1}, 'n'),
                        ({'userid': 'u', 'n': 1, 'item': {'tags': [1, 2, 'x']}}, 'item.tags[2]')):
        status, told, _ = client.post('/in', body)
        equal((status, [e['field'] for e in told['errors']]), (400, [field]), body)
        must('topic' not in told['errors'][0]['reason'] and '$' not in told['errors'][0]['reason'], told)
        status, told, _ = client.post('/many', [{'userid': 'u', 'n': 1}, body])
        equal((status, [(e['record'], e['field']) for e in told['errors']]), (400, [(1, field)]), body)
    client.close()
    engine.stop()


@test
def names_in_another_case(case):
    """key.case: names of bodies become snake or camel case, inside of STRUCTs, too, and not where they are data."""
    sql = """CREATE STREAM s (user_id STRING KEY, item_list ARRAY<STRUCT<product_id STRING>>, extra_data MAP<STRING, STRING>, n INT)
      WITH (kafka_topic='events', value_format='JSON', partitions=1);\n"""
    sql += "CREATE STREAM out WITH (kafka_topic='out') AS SELECT * FROM s WHERE n > 0;\n"
    more = {'batch_path': '/many', 'validate': 'user_id IS NOT NULL', 'remote_address_field': 'remoteIP'}
    engine, client = serve(case, sql + source(listen='127.0.0.1:%d', key_case='snake', **more))
    told = []
    for body in ({'userId': 'a', 'itemList': [{'productId': 'p'}, None], 'extraData': {'someKey': '1'}, 'n': 1},
                 {'user-id': 'b', 'item-list': [], 'extra_data': None, 'other': {'someKey': 1}, 'n': 2}, {'USER_ID': 'c', 'N': 3}):
        told.append(client.post('/in', body)[0])
    told.append(client.post('/many', [{'userID': 'd', 'n': 4}, {'User_Id': 'e', 'n': 5}])[0])
    equal(told, [200] * 4)
    status, told, _ = client.post('/in', {'userId': None, 'itemList': 5})
    equal((status, told['errors'][0]['field']), (400, 'itemList'))
    equal(client.post('/in', {'userId': None})[1]['errors'][0]['field'], 'userId')
    client.close()
    engine.stop()
    got = case.topic('events')
    equal([r['key'] for r in got], ['a', 'b', 'c', 'd', 'e'])
    equal(got[0]['value'], {'user_id': 'a', 'item_list': [{'product_id': 'p'}, None], 'extra_data': {'someKey': '1'}, 'n': 1,
                            'remoteIP': '127.0.0.1'})
    equal(got[1]['value']['other'], {'someKey': 1})
    out = {r['key']: r['value'] for r in case.topic('out')}
    equal((len(out), out['a']['ITEM_LIST']), (5, [{'PRODUCT_ID': 'p'}, None]))
    engine, client = serve(case, source(listen='127.0.0.1:%d', key_case='camel', key='userId'), data='camel')
    equal(client.post('/in', {'user_id': 'a', 'EVENT_TYPE': 'view', 'pageURL': '/', 'x-y': 1, '_id': 2})[0], 200)
    client.close()
    engine.stop()
    equal([(r['key'], r['value']) for r in case.topic('events', data='camel')],
          [('a', {'userId': 'a', 'eventType': 'view', 'pageUrl': '/', 'xY': 1, '_id': 2})])


@test
def times_of_events(case):
    """timestamp.field: milliseconds, ISO with and without zone, up to nanoseconds, patterns; what has none is refused, or
    has the time of its arrival."""
    at = 1769423400000
    engine, client = opened(case, batch_path='/many', timestamp_field='ts')
    good = (at, str(at), '2026-01-26T10:30:00', '2026-01-26T10:30:00.123456+00:00', '2026-01-26T11:30:00+01:00',
            '2026-01-26 10:30:00Z', '2026-01-26T10:30:00.5', '2026-01-26T10:30', '2026-01-26')
    equal(client.post('/many', [{'ts': t} for t in good])[:2], (200, {'accepted': len(good)}))
    for bad in ('yesterday', '', None, -1, 1e30, True, {}, '2026-13-01', '26.01.2026 10:30'):
        status, told, _ = client.post('/in', {'TS': bad})
        equal((status, told['errors'][0]['field']), (400, 'TS'), bad)
    equal(client.post('/in', {})[1]['errors'][0]['field'], 'ts')
    client.close()
    engine.stop()
    equal([r['timestamp'] - at for r in case.topic('events')], [0, 0, 0, 123, 0, 0, 500, 0, -37800000])
    engine, client = opened(case, batch_path='/many', timestamp_field='at', timestamp_format='dd.MM.yyyy HH:mm', data='arrival',
                            timestamp_zone='Europe/Paris', timestamp_missing='arrival')
    before = int(time.time() * 1000)
    equal(client.post('/many', [{'at': '26.01.2026 11:30'}, {'at': 'never'}, {}])[:2], (200, {'accepted': 3}))
    client.close()
    engine.stop()
    got = [r['timestamp'] for r in case.topic('events', data='arrival')]
    equal(got[0], at)
    must(before <= got[1] and before <= got[2], got)
    sql = "CREATE STREAM s (ts BIGINT, x STRING) WITH (kafka_topic='events', value_format='DELIMITED', partitions=1);\n"
    engine, client = serve(case, sql + source(listen='127.0.0.1:%d', timestamp_field='ts'), data='declared')
    equal(client.post('/in', {'ts': at, 'x': 'y'})[0], 200)
    client.close()
    engine.stop()
    equal([r['timestamp'] for r in case.topic('events', data='declared')], [at])


# ---- requests that come again ----

def again(case, client, path, body, key, answer):
    equal(client.post(path, body, {'Idempotency-Key': key})[:2], answer, key)


@test
def keys_of_requests(case):
    """A request whose key came before gets the first answer and writes nothing, after a crash and a stop, too; with another
    body it is refused; what was refused may come again."""
    sql = source(listen='127.0.0.1:%d', batch_path='/many', batch_mode='partial', validate='a > 0',
                 response_body='{"n":${count},"at":"${timestamp}"}')
    answers = {}
    for ending in ('kill', 'stop', 'stop'):
        engine, client = serve(case, sql)
        for path, body, key in (('/in', {'a': 1}, 'one'), ('/many', [{'a': 2}, {'a': 3}], 'two'), ('/many', [{'a': 4}, {'a': 0}], 'three')):
            answers.setdefault(key, client.post(path, body, {'Idempotency-Key': key})[:2])
            again(case, client, path, body, key, answers[key])
        equal(client.post('/in', {'a': 9}, {'Idempotency-Key': 'one'})[0], 422)
        equal(client.post('/many', {'a': 1}, {'Idempotency-Key': 'one'})[0], 422)
        for bad in ('', 'x' * 256):
            equal(client.post('/in', {'a': 9}, {'Idempotency-Key': bad})[0], 400, bad)
        equal(client.post('/in', {'a': 0}, {'Idempotency-Key': 'wrong ' + ending})[0], 400)
        client.close()
        getattr(engine, ending)()
    equal([answers[k][0] for k in ('one', 'two', 'three')], [200, 200, 400])
    equal([v['a'] for v in values(case)], [1, 2, 3, 4])
    engine, client = serve(case, sql)
    equal(client.post('/in', {'a': 5}, {'Idempotency-Key': 'wrong kill'})[0], 200)
    client.close()
    engine.stop()
    equal([v['a'] for v in values(case)], [1, 2, 3, 4, 5])


@test
def keys_are_forgotten(case):
    """No more keys than idempotency.entries, and none older than the window; another header, and none."""
    engine, client = opened(case, idempotency_entries='2')
    for key in ('a', 'b', 'c', 'd', 'a', 'd'):
        equal(client.post('/in', {'k': key}, {'Idempotency-Key': key})[0], 200)
    client.close()
    engine.stop()
    equal([v['k'] for v in values(case)], ['a', 'b', 'c', 'd', 'a'])
    engine, client = opened(case, idempotency_header='X-Id', idempotency_window='1ms', data='window')
    sent = []

    def come_again():
        sent.append(client.post('/in', {}, {'X-Id': 'a'})[0])
        return len(sent) > 5
    until(come_again)
    client.close()
    engine.stop()
    must(len(case.topic('events', data='window')) > 1, 'never forgotten')
    engine, client = opened(case, idempotency_entries='0', data='none')
    equal([client.post('/in', {}, {'Idempotency-Key': 'a'})[0] for _ in range(2)], [200, 200])
    client.close()
    engine.stop()
    equal(len(case.topic('events', data='none')), 2)


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


def shown_to(port, ca, **client):
    """The certificate that a new connection is shown."""
    context = ssl.create_default_context(cafile=ca)
    if client:
        context.load_cert_chain(**client)
    with socket.create_connection(('127.0.0.1', port), 60) as s, context.wrap_socket(s, server_hostname='localhost') as t:
        t.sendall(b'POST /in HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}')
        must(t.recv(12) == b'HTTP/1.1 200', 'no answer')
        return t.getpeercert(binary_form=True)


@test
def certificates_are_renewed(case):
    """https, with certificates of clients; when the file is replaced new connections are shown the new one, and the old one
    as long as file and key do not fit together."""
    made = certificates.make(case.path('tls'))
    certificates.signed(case.path('tls'), 'next', ['localhost'], '20200101000000Z', '20991231000000Z')
    files = [case.path('live.pem'), case.path('live.key')]
    for to, was in zip(files, (made.server, made.server_key)):
        shutil.copyfile(was, to)
        os.chmod(to, 0o600)
    engine, client = opened(case, tls_cert_file=files[0], tls_key_file=files[1], tls_client_ca_file=made.ca)
    own = {'certfile': made.client, 'keyfile': made.client_key}
    with open(made.server, encoding='ascii') as old, open(case.path('tls', 'next.pem'), encoding='ascii') as new:
        old, new = ssl.PEM_cert_to_DER_cert(old.read()), ssl.PEM_cert_to_DER_cert(new.read())
    equal(shown_to(client.port, made.ca, **own), old)
    try:
        shown_to(client.port, made.ca)
        must(False, 'a client without a certificate is let in')
    except OSError:
        pass
    shutil.copyfile(case.path('tls', 'next.pem'), files[0])
    engine.says('goes on with its old certificate')
    equal(shown_to(client.port, made.ca, **own), old)
    shutil.copyfile(case.path('tls', 'next.key'), files[1])
    until(lambda: shown_to(client.port, made.ca, **own) == new, what='the old certificate')
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
                        ({'key_case': 'upper'}, ('as-is|snake|camel',)), ({'timestamp_field': 'a', 'timestamp_format': 'foo'}, ('timestamp.format',)),
                        ({'timestamp_field': 'a', 'timestamp_zone': 'Mars'}, ('timestamp.zone',)),
                        ({'listen': '0.0.0.0:0'}, ('TLS',)), ({'response_status': '404'}, ('response.status', '200'))):
        case.refused(source(**more), *texts, data=None)


@test
def several_sources(case):
    """Sources on one listener have each their path, key, answers and health: one that is paused is alone."""
    listen = '127.0.0.1:%d'
    sql = source('a', listen=listen, path='/track', batch_path='/tracks', health_path='/track/health', response_status='204')
    sql += source('b', listen=listen, path='/api/events', health_path='/api/health', topic='other', response_status='201')
    sql += source('c', listen=listen, path='/events', health_path='/health', auth='bearer', auth_tokens='t') + 'PAUSE CONNECTOR b;\n'
    engine, client = serve(case, sql)
    until(lambda: client.ask('GET', '/api/health')[0] == 503, what='not paused')
    equal([client.ask('GET', p)[0] for p in ('/track/health', '/health', '/nothing/health')], [200, 200, 404])
    equal([client.post(p, {'a': 1})[0] for p in ('/track', '/api/events', '/events')], [204, 503, 401])
    equal(client.post('/events', {'c': 1}, Authorization='Bearer t')[0], 200)
    client.close()
    engine.stop()
    equal(values(case), [{'a': 1}, {'c': 1}])


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
    until(lambda: client.post('/in', {})[0] == 200, what='not resumed')
    equal(client.ask('GET', '/health')[0], 200)
    client.close()
    engine.stop()
