"""The source `http-poll`: pages, changes, back-off, and nothing twice."""
import base64
import json
import random
import threading

import aws_signature
import certificates
import http_peer
from case import equal, must, test, until

LOCAL = {'http.allow.addresses': '127.0.0.1/32', 'http.allow.insecure': 'true', 'interval': '20ms',
         'retry.backoff.ms': '5', 'retry.backoff.max.ms': '50'}


def source(url, **more):
    given = {'connector': 'http-poll', 'topic': 'items', 'url': url, **LOCAL}
    given.update((name.replace('_', '.'), value) for name, value in more.items())
    text = ', '.join("'%s'='%s'" % (name, str(value).replace("'", "''")) for name, value in given.items())
    return 'CREATE SOURCE CONNECTOR p WITH (%s);\n' % text


def ids(case, **more):
    return [r['value']['id'] for r in case.topic('items', **more)]


def rows(first, n):
    return [{'id': i, 'name': 'n%d' % i} for i in range(first, first + n)]


def query(request):
    path, _, text = request.path.partition('?')
    return dict(pair.split('=', 1) for pair in text.split('&') if pair)


@test
def answers_become_records(case):
    """Records at a pointer, a single one, the whole answer; through a stream with columns and another format."""
    with http_peer.Peer() as peer:
        peer.on('/a', {'json': {'data': {'items': rows(0, 3), 'more': {}}}})
        peer.on('/b', {'json': rows(7, 1)[0]})
        stream = ("CREATE STREAM s (id BIGINT KEY, name STRING) WITH (kafka_topic='items', value_format='DELIMITED', "
                  "partitions=1);\n")
        case.run(source(peer.url('/a'), record_pointer='/data/items', polls=1))
        equal(ids(case), [0, 1, 2])
        case.run(stream + source(peer.url('/b'), polls=2), data='other')
        equal([base64.b64decode(r['value']).decode() for r in case.topic('items', data='other', base64=True)], ['n7', 'n7'])
        equal([r.method for r in peer.wait(3, '*')], ['GET'] * 3)


@test
def pages_follow_one_another(case):
    """Links, URLs and cursors in answers, counted pages and records; a poll ends where they end."""
    def paged(request):
        at = int(query(request).get('offset', query(request).get('page', query(request).get('cursor', 0))))
        return at

    def link(request):
        at = paged(request)
        headers = {'Link': '<?cursor=%d>; rel="next", </first>; rel=first' % (at + 1)} if at < 2 else {}
        return {'json': rows(at * 2, 2), 'headers': headers}

    def field(request):
        at = paged(request)
        return {'json': {'items': rows(at * 2, 2), 'next': '/field?cursor=%d' % (at + 1) if at < 2 else None}}

    def cursor(request):
        at = paged(request)
        return {'json': {'items': rows(at * 2, 2), 'meta': {'a/b': at + 1 if at < 2 else ''}}}
    with http_peer.Peer() as peer:
        peer.on('/link*', link)
        peer.on('/field*', field)
        peer.on('/cursor*', cursor)
        peer.on('/page*', lambda r: {'json': rows((paged(r) - 1) * 2, 2) if paged(r) < 4 else []})
        peer.on('/offset*', lambda r: {'json': rows(paged(r), min(int(query(r)['limit']), 6 - paged(r)))})
        peer.on('/away', {'json': rows(0, 6), 'headers': {'Link': '<http://127.0.0.2:1/>; rel=next'}})
        for name, more in (('link', {'paging': 'link'}),
                           ('field', {'paging': 'field', 'paging_field': '/next', 'record_pointer': '/items'}),
                           ('cursor', {'paging': 'cursor', 'paging_field': '/meta/a~1b', 'record_pointer': '/items'}),
                           ('page', {'paging': 'page'}), ('offset', {'paging': 'offset', 'paging_size': 4}),
                           ('away', {'paging': 'link'})):
            case.run(source(peer.url('/' + name + ('?x=%20y' if name == 'page' else '')), polls=1, **more), data=name)
            equal(ids(case, data=name), list(range(6)), name)
        must(any('x=%20y&page=2' in r.path for r in peer.wait(1, '/page*')), 'parameters that were there stay')


@test
def changes_only(case):
    """emit=changed: what was not there, or was different; also after a restart. ETags are sent back."""
    now = {'items': rows(0, 4), 'tag': '"1"'}

    def answer(request):
        if request.headers.get('if-none-match') == now['tag']:
            return {'status': 304}
        return {'json': now['items'], 'headers': {'ETag': now['tag']}}
    with http_peer.Peer() as peer:
        peer.on('/list', answer)
        sql = source(peer.url('/list'), emit='changed', change_key='/id', polls=3)
        case.run(sql)
        equal(ids(case), [0, 1, 2, 3])
        asked = [r.headers.get('if-none-match') for r in peer.wait(3, '/list')]
        equal(asked[:3], [None, '"1"', '"1"'])
        now['items'] = [now['items'][0], dict(now['items'][1], name='other')] + rows(3, 3)
        now['tag'] = '"2"'
        case.run(source(peer.url('/list'), emit='changed', change_key='/id', polls=5))
        equal(ids(case)[4:], [1, 4, 5])
        case.run(source(peer.url('/list'), emit='changed', polls=2), data='whole')
        equal(len(ids(case, data='whole')), 5, 'by the whole record')


@test
def failures_wait(case):
    """5xx, 429 with Retry-After, resets, half answers, answers that are not JSON: asked again, and nothing is lost."""
    with http_peer.Peer() as peer:
        peer.on('/x', {'status': 500}, {'status': 429, 'headers': {'Retry-After': '1'}}, {'fault': 'reset'},
                {'fault': 'close'}, {'json': rows(0, 2), 'truncate': 7}, {'fault': 'garbage'}, {'body': 'no JSON'},
                {'status': 301, 'headers': {'Location': 'http://127.0.0.1:1/'}}, {'status': 206, 'json': rows(0, 1)},
                {'json': rows(0, 2)})
        done = case.run(source(peer.url('/x'), polls=1))
        equal(ids(case), [0, 1])
        requests = peer.wait(10, '/x')
        equal(len(requests), 10)
        must(requests[2].at - requests[1].at >= 1, 'Retry-After')
        must('answered 500' in done.err(), done.err())


@test
def who_we_are(case):
    """Basic and bearer, headers, a body; secrets are not shown."""
    with http_peer.Peer() as peer:
        peer.on('/*', {'json': []})
        done = case.run(source(peer.url('/a'), polls=1, auth_user='me', auth_password='pass-word', header_X='a "b"',
                               method='POST', body='{"q":1}') + 'DESCRIBE CONNECTOR p;')
        case.run(source(peer.url('/b'), polls=1, auth_token='to-ken'), data='b')
        a, b = peer.wait(2, '*')
        equal((a.method, a.text, a.headers['authorization'], a.headers['x'], a.headers['content-type']), (
            'POST', '{"q":1}', 'Basic ' + base64.b64encode(b'me:pass-word').decode(), 'a "b"', 'application/json'))
        equal(b.headers['authorization'], 'Bearer to-ken')
        must('pass-word' not in done.out() + done.err(), done.out())


@test
def tokens(case):
    """OAuth 2: a poll waits for its token, whatever its endpoint does; one that is taken back is replaced; no other login
    besides it. AWS: each request is signed."""
    given = []

    def give(_):
        given.append('token-%d' % len(given))
        return {'json': {'access_token': given[-1], 'expires_in': 3600}}

    def feed(request):
        good = request.headers['authorization'] == 'Bearer ' + given[-1] and (len(given) > 1 or len(peer.asked('/x')) < 3)
        return {'json': rows(0, 2)} if good else {'status': 401}
    with http_peer.Peer() as peer:
        peer.on('/token', {'status': 500}, {'fault': 'reset'}, {'json': {}}, give)
        peer.on('/x', feed)
        more = {'oauth2_token_url': peer.url('/token'), 'oauth2_client_id': 'me', 'oauth2_client_secret': 'hush-hush'}
        done = case.run(source(peer.url('/x'), polls=4, **more))
        equal(ids(case), [0, 1] * 4)
        equal([r.headers['authorization'] for r in peer.asked('/x')], ['Bearer token-0'] * 3 + ['Bearer token-1'] * 2)
        must('answered 500' in done.err() and 'hush-hush' not in done.err() + done.out(), done.err())
        case.refused(source(peer.url('/x'), auth_user='me', **more), 'exclude each other', data='both')
        peer.on('/s*', {'json': rows(0, 1)})
        case.run(source(peer.url('/s?q=b,a&p=1'), polls=2, aws_region='eu-west-1', **{
            'aws_access_key_id': 'AKID', 'aws_secret_access_key': 's/k'}), data='aws')
        for r in peer.asked('/s*'):
            aws_signature.must_fit(r, 'eu-west-1', 'execute-api', 'AKID', 's/k')


@test
def a_server_must_be_known(case):
    """TLS: an authority and a name that are trusted, a client certificate where it is asked for; nothing is asked else."""
    made = certificates.make(case.path('tls'))
    with http_peer.Peer(tls=made, ask_client=True) as peer:
        peer.on('/x', {'json': rows(0, 2)})
        ours = {'tls_ca_file': made.ca, 'tls_cert_file': made.client, 'tls_key_file': made.client_key}
        url = peer.url('/x', host='localhost')
        case.run(source(url, polls=1, **ours))
        equal(ids(case), [0, 1])
        for n, change in enumerate(({'tls_ca_file': made.other_ca}, {'tls_server_name': 'example.com'})):
            engine = case.start(source(url, polls=1, **dict(ours, **change)), data='wrong-%d' % n)
            engine.says('TLS: ')
            engine.stop()
        equal(len(peer.asked()), 1)
        done = case.run(source(url, polls=1, **dict(ours, tls_ca_file=made.other_ca, tls_verify='false')), data='any')
        must("'tls.verify' is false" in done.err(), done.err())
    case.refused(source('https://127.0.0.1/', tls_ca_file=case.path('none')), '/none', data='none')


@test
def a_poll_survives_kills(case):
    """kill -9 while a feed is read page by page, and it grows: each record is in the topic once, in order."""
    total = [200]

    def feed(request):
        at = int(query(request).get('offset', 0))
        return {'json': rows(at, max(0, min(7, total[0] - at))), 'delay': 0.002}
    with http_peer.Peer() as peer:
        peer.on('/feed*', feed)
        sql = source(peer.url('/feed'), paging='offset', paging_from='last', interval='5ms')
        dice = random.Random(3)
        for _ in range(8):
            engine = case.start(sql)
            peer.wait(len(peer.asked('/feed*')) + dice.randrange(3, 60), '/feed*')
            engine.kill()
            total[0] += dice.randrange(100)
        engine = case.start(sql)
        until(lambda: any('offset=%d' % total[0] in r.path for r in peer.wait(1, '/feed*')), what='the end')
        engine.stop()
        equal(ids(case), list(range(total[0])))


@test
def a_poll_goes_on_with_its_page(case):
    """A crash between two pages: the poll goes on with the second, also where everything is emitted."""
    held = threading.Event()

    def page(request):
        at = int(query(request)['page'])
        if at == 3 and not held.is_set():
            return {'fault': 'silent'}
        return {'json': rows(at * 10, 10) if at < 5 else []}
    with http_peer.Peer() as peer:
        peer.on('/p*', page)
        engine = case.start(source(peer.url('/p'), paging='page', polls=1) +
                            "CREATE SINK CONNECTOR o WITH ('connector'='stdout', 'topics'='items');")
        until(lambda: engine.out().count('\n') >= 20, what='two durable pages')
        engine.kill()
        held.set()
        case.run(source(peer.url('/p'), paging='page', polls=1))
        equal(ids(case), list(range(10, 50)))


@test
def hostile_answers(case):
    """Too much, too deep, endless pages, records that are none: an end, and an account of it."""
    with http_peer.Peer() as peer:
        peer.on('/big', {'body': '[' + '1,' * 40000 + '1]'}, {'json': rows(0, 1)})
        done = case.run(source(peer.url('/big'), polls=1, max_body_bytes='64kb'), data='big')
        equal(ids(case, data='big'), [0])
        peer.on('/bomb', {'body': ' ', 'repeat': 50 << 20, 'gzip': True}, {'json': rows(0, 1)})
        done = case.run(source(peer.url('/bomb'), polls=1), data='bomb')
        equal(ids(case, data='bomb'), [0])
        must('too large' in done.err(), done.err())
        peer.on('/half', {'raw': 'HTTP/1.1 200 OK\r\n\r\n[{"id":'}, {'raw': 'HTTP/1.1 200 OK\r\nContent-'},
                {'raw': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n'}, {'fault': 'heads'},
                {'json': rows(0, 1)})
        done = case.run(source(peer.url('/half'), polls=1), data='half')
        equal(ids(case, data='half'), [0])
        equal(len(peer.asked('/half')), 5)
        peer.on('/deep', {'body': '[' * 100000}, {'json': rows(0, 1)})
        done = case.run(source(peer.url('/deep'), polls=1), data='deep')
        must('not JSON' in done.err(), done.err())
        peer.on('/mixed', {'json': [1, None, 'x', [], {'id': 1}, {}]})
        dead = {'errors_deadletterqueue_topic_name': 'dead'}
        case.run(source(peer.url('/mixed'), polls=1, **dead), data='mixed')
        equal([r['value'] for r in case.topic('items', data='mixed')], [{'id': 1}, {}])
        equal([base64.b64decode(r['value']).decode() for r in case.topic('dead', data='mixed', base64=True)],
              ['1', 'null', '"x"', '[]'])
        peer.on('/loop*', lambda r: {'json': {'i': rows(0, 1), 'n': '/loop?%d' % len(r.path)}})
        case.run(source(peer.url('/loop'), polls=1, paging='field', paging_field='/n', record_pointer='/i',
                        paging_max=20), data='loop')
        must(len(ids(case, data='loop')) <= 20, 'no end')
    case.refused(source('http://169.254.169.254/latest'), '169.254', data='meta')
    case.refused(source('http://127.0.0.1/').replace("'http.allow.insecure'='true', ", ''), 'not https', data='plain')
    case.refused(source('http://127.0.0.1/', record_pointer='a'), 'begins with /', data='pointer')
