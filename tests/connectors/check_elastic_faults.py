"""The sink `elasticsearch` and a peer that answers as clusters do in trouble."""
import json
import random
import threading

import aws_signature
import certificates
import http_peer
import ports
from case import equal, must, test, until
from check_elastic import DEAD, STREAM, TABLE, dead, order, send, sink

BULK = '/_bulk'
CONFLICT = {'type': 'version_conflict_engine_exception', 'reason': '[1]: version conflict, current version [%d] is '
            'higher than the one provided [0]'}


def items(request):
    """The actions of a _bulk request: (name, its settings, the document or None)."""
    lines = [json.loads(line) for line in request.text.splitlines()]
    found = []
    while lines:
        (name, settings), = lines.pop(0).items()
        found.append((name, settings, None if name == 'delete' else lines.pop(0)))
    return found


def taken(request, statuses=None):
    """An answer; statuses: by id, a number or an error. All else is 201."""
    results = []
    for name, settings, _ in items(request):
        status = (statuses or {}).get(settings.get('_id'), 201)
        if isinstance(status, int):
            results.append({name: {'status': status}})
        else:
            results.append({name: {'status': status[0], 'error': status[1]}})
    return {'json': {'errors': any(list(r.values())[0]['status'] > 299 for r in results), 'items': results}}


def sent(peer, path=BULK):
    """What each request had, by the documents' ids."""
    return [[settings.get('_id') for _, settings, _ in items(r)] for r in peer.asked(path + '*')]


class Cluster:
    """Applies _bulk requests as Elasticsearch does, to a dict."""

    def __init__(self):
        self.documents = {}         # id: (version, source or None when deleted)
        self.lock = threading.Lock()
        self.by_key = {}            # id: numbers N as they were applied

    def apply(self, name, settings, document):
        key = settings['_id']
        version, source = self.documents.get(key, (-1, None))
        if 'version' in settings and version > settings['version']:
            return {'status': 409, 'error': {'type': CONFLICT['type'], 'reason': CONFLICT['reason'] % version}}
        if name == 'create' and source is not None:
            return {'status': 409, 'error': {'type': CONFLICT['type'], 'reason': 'document already exists'}}
        if name == 'delete':
            self.documents[key] = (settings.get('version', version + 1), None)
            return {'status': 200 if source is not None else 404}
        if name == 'update':
            document = dict(source or {}, **document['doc'])
        self.documents[key] = (settings.get('version', version + 1), document)
        self.by_key.setdefault(key, []).append(document)
        return {'status': 201}

    def answer(self, request, spoil=lambda settings: None):
        """spoil: a status instead of doing it."""
        results = []
        with self.lock:
            for name, settings, document in items(request):
                status = spoil(settings)
                results.append({name: {'status': status, 'error': {'type': 'rejected', 'reason': 'busy'}} if status
                                else self.apply(name, settings, document)})
        return {'json': {'errors': any('error' in list(r.values())[0] for r in results), 'items': results}}

    def live(self):
        return {key: source for key, (_, source) in self.documents.items() if source is not None}


# ---- answers for items ----

@test
def elastic_items_that_are_too_many(case):
    """Of a request of which some items are answered 429 or 503, only those are sent again."""
    with http_peer.Peer() as peer:
        busy = (429, {'type': 'rejected_execution_exception', 'reason': 'queue'})
        peer.on(BULK, lambda r: taken(r, {'2': busy, '3': 503}),
                lambda r: taken(r, {'3': 502}), taken)
        send(case, TABLE + sink(peer.url(), DEAD, {'max.in.flight.requests': '1', 'linger.ms': '500'}),
             [order(n, name='n') for n in (1, 2, 3, 4)])
        equal([sorted(ids) for ids in sent(peer)], [['1', '2', '3', '4'], ['2', '3'], ['3']])
        equal(dead(case), [])


@test
def elastic_order_of_keys(case):
    """Upserts of a key are applied in order in the end, whichever items, requests and connections fail."""
    rng = random.Random(3)
    cluster = Cluster()
    rows = [order(rng.randrange(12), name='n%d' % n) if rng.random() < 0.9 else order(rng.randrange(12))
            for n in range(1500)]
    wanted = {}
    for row in rows:
        wanted.pop(str(row['key']), None)
        if row['value']:
            wanted[str(row['key'])] = row['value']

    def answer(request):
        dice = rng.random()
        if dice < 0.08:
            return {'status': rng.choice([429, 503, 500])}
        got = cluster.answer(request, lambda _: 429 if rng.random() < 0.05 else None)
        if dice < 0.12:
            got['truncate'] = 30
        elif dice < 0.16:
            return {'fault': 'reset'}
        return got
    for how in ({'write.method': 'upsert'}, {}, {'version.type': 'none'}):
        cluster.documents.clear()
        with http_peer.Peer() as peer:
            peer.on(BULK, answer)
            send(case, TABLE + sink(peer.url(), how, {'batch.size': '40', 'linger.ms': '2'}), rows,
                 data='d%d' % len(case.engines))
            equal(cluster.live(), wanted, how)
            case.note('%s: %d requests', how, len(peer.asked()))


@test
def elastic_behind_an_item(case):
    """An upsert behind one of its key that is sent again is sent again, too: what came last stays."""
    with http_peer.Peer() as peer:
        cluster = Cluster()
        first = [True]

        def spoil(settings):
            if settings['_id'] == '1' and first[0]:
                first[0] = False
                return 429
            return None
        peer.on(BULK, lambda r: cluster.answer(r, spoil))
        upsert = {'write.method': 'upsert', 'linger.ms': '500', 'max.in.flight.requests': '1'}
        send(case, TABLE + sink(peer.url(), upsert),
             [order(1, name='old'), order(2, name='x'), order(1, name='new')])
        equal([sorted(ids) for ids in sent(peer)], [['1', '1', '2'], ['1', '1']])
        equal(cluster.live()['1'], {'NAME': 'new'})


@test
def elastic_conflicts(case):
    """409 says that a newer document is there: not an error, not lost, and counted."""
    with http_peer.Peer() as peer:
        newer = {'type': CONFLICT['type'], 'reason': CONFLICT['reason'] % 2}
        peer.on(BULK, lambda r: taken(r, {'1': (409, newer)}))
        sql = STREAM + sink(peer.url(), DEAD, {'topics': 'CLICKS', 'key.ignore': 'false'})
        rows = [{'key': '1', 'value': {'N': n}} for n in range(6)]
        said = send(case, sql, rows, topic='CLICKS')
        must('rror' not in said.err(), said.err())
        equal(dead(case), [])


@test
def elastic_errors_are_read_item_by_item(case):
    """Whatever an answer says of itself: an item that is refused is not written, and one that is to wait is sent again."""
    refused = (400, {'type': 'mapper_parsing_exception', 'reason': 'failed to parse field [TOTAL]',
                     'caused_by': {'type': 'x', 'reason': 'not a number'}})
    for errors in (True, False):
        with http_peer.Peer() as peer:
            first = []

            def answer(request):
                said = taken(request, {'2': refused, '3': (429, {'type': 'x', 'reason': 'busy'})} if not first else None)
                first.append(1)
                return {'json': dict(said['json'], errors=errors)}
            peer.on(BULK, answer)
            data = 'errors-%s' % errors
            send(case, TABLE + sink(peer.url(), DEAD, {'max.in.flight.requests': '1', 'linger.ms': '500'}),
                 [order(n, name='n') for n in (1, 2, 3, 4)], data=data)
            equal(sorted(sent(peer)[0]), ['1', '2', '3', '4'])
            equal([i for s in sent(peer)[1:] for i in s], ['3'])
            letter, = case.topic('dead', data=data)
            must('not a number' in json.dumps(letter), letter)


# ---- whole answers ----

@test
def elastic_whole_requests(case):
    """A request that failed as a whole is sent again as it was: by status, time, half an answer, none, nonsense."""
    faults = [{'status': 429, 'headers': {'Retry-After': '0'}}, {'status': 503, 'headers': {'Retry-After': '1'}},
              {'status': 502}, {'status': 504, 'body': '<html>'}, {'status': 500}, {'status': 408}, {'fault': 'reset'},
              {'fault': 'close'}, {'fault': 'garbage'}, {'fault': 'silent'}, {'fault': 'cut', 'body': 'x' * 1000},
              {'body': '{"errors":false,"items":[{"index":{"status":201}}'}, {'body': ''}, {'body': 'OK'}, {'json': []},
              {'body': '<!DOCTYPE html><title>Please log in</title>', 'headers': {'Content-Type': 'text/html'}},
              {'raw': 'HTTP/1.1 200 OK\r\nContent-'}, {'fault': 'heads'},
              {'json': {'errors': False, 'items': []}}, {'json': {'items': [{'index': {'status': 'x'}}] * 3}},
              {'json': {'errors': False, 'items': [{'index': {'status': 201}}] * 4}},
              {'json': {'errors': False, 'items': [{'index': {'status': 201}}] * 2}},
              {'json': {'errors': False, 'items': [{'create': {'status': 201}}] * 3}},
              {'status': 403, 'json': {'error': {'type': 'cluster_block_exception', 'reason': 'read-only'}}}]
    with http_peer.Peer() as peer:
        peer.on(BULK, *faults, taken)
        send(case, TABLE + sink(peer.url(), DEAD, {'max.in.flight.requests': '1', 'linger.ms': '500',
                                                   'read.timeout.ms': '3000'}), [order(n, name='n') for n in (1, 2, 3)])
        asked = peer.asked()
        must(len(asked) > len(faults), len(asked))
        equal(len({r.text for r in asked}), 1, 'different bodies')
        equal(asked[0].headers['content-type'], 'application/x-ndjson')
        equal(dead(case), [])


@test
def elastic_too_large(case):
    """413: the request goes in halves, and no later one is so large; one item that is too large is a dead letter."""
    most = 3000

    def answer(request):
        return taken(request) if len(request.body) <= most else {'status': 413, 'fault': 'unread'}
    with http_peer.Peer() as peer:
        peer.on(BULK, answer)
        rows = [order(n, name='x' * (5000 if n == 77 else 100)) for n in range(200)]
        send(case, TABLE + sink(peer.url(), DEAD, {'max.in.flight.requests': '1', 'linger.ms': '200'}), rows)
        good = [i for r in peer.asked() if len(r.body) <= most for i in [s['_id'] for _, s, _ in items(r)]]
        equal(sorted(good, key=int), [str(n) for n in range(200) if n != 77])
        large = [r for r in peer.asked() if len(r.body) > most]
        must(len(large) < 20, len(large), 'requests that were too large')
        (key, _, headers), = dead(case)
        equal(key, 77)
        must('answered 413' in headers['__connect.errors.exception.message'], headers)


@test
def elastic_refused_as_a_whole(case):
    """A request that is refused for one item is halved until that one is found; the others are written."""
    bad = {'status': 400, 'json': {'error': {'type': 'illegal_argument_exception', 'reason': 'Malformed action'}}}
    with http_peer.Peer() as peer:
        peer.on(BULK, lambda r: bad if '"no"' in r.text else taken(r))
        send(case, TABLE + sink(peer.url(), DEAD, {'linger.ms': '300'}),
             [order(n, name='no' if n in (5, 31) else 'yes') for n in range(60)])
        good = [i for r in peer.asked() if '"no"' not in r.text for i in [s['_id'] for _, s, _ in items(r)]]
        equal(sorted(good, key=int), [str(n) for n in range(60) if n not in (5, 31)])
        equal(sorted(k for k, _, _ in dead(case)), [5, 31])
        must('Malformed action' in dead(case)[0][2]['__connect.errors.exception.message'], dead(case))


@test
def elastic_long_answers(case):
    """An answer that is longer than any may be is asked for in halves, and memory stays what it is."""
    with http_peer.Peer() as peer:
        def answer(request):
            if len(items(request)) > 3:
                return {'body': ' ' * 1000, 'repeat': 5000}
            return taken(request)
        peer.on(BULK, answer)
        send(case, TABLE + sink(peer.url(), {'linger.ms': '300', 'max.in.flight.requests': '1', 'batch.size': '10'}),
             [order(n, name='n') for n in range(10)])
        good = [i for r in peer.asked() if len(items(r)) <= 3 for i in [s['_id'] for _, s, _ in items(r)]]
        equal(sorted(good, key=int), [str(n) for n in range(10)])


@test
def elastic_not_allowed(case):
    """401, 403, 404, redirects: the connector stops and says what to do, nothing goes to the dead letters."""
    denied = {'type': 'security_exception', 'reason': 'action is unauthorized'}
    answers = [({'status': 401}, "'connection.password'"),
               ({'status': 403, 'json': {'error': denied}}, 'the right to index'),
               ({'status': 404}, "the path in 'connection.url' right?"),
               ({'status': 400, 'body': '<html>The plain HTTP request was sent to HTTPS port'}, 'is this Elasticsearch'),
               ({'status': 302, 'headers': {'Location': 'http://127.0.0.1:1/'}}, 'redirects are not followed'),
               (lambda r: taken(r, {'1': (403, denied)}), '403 security_exception: action is unauthorized'),
               (lambda r: taken(r, {'1': (404, {'type': 'index_not_found_exception', 'reason': 'no such index [x]'})}),
                'action.auto_create_index')]
    for answer, text in answers:
        with http_peer.Peer() as peer:
            peer.on(BULK, answer)
            said = send(case, TABLE + sink(peer.url(), DEAD), [order(1, name='n')], data='d%d' % len(case.engines),
                        status=None).err()
            must(text in said, '%r is not in\n%s' % (text, said))
            equal(len(peer.asked()), 1)
            equal(case.topic('dead', data='d%d' % (len(case.engines) - 1)), [])


@test
def elastic_blocked_indices(case):
    """A full disk makes indices read-only (403 for each item): records wait until it is over."""
    block = (403, {'type': 'cluster_block_exception', 'reason': 'blocked by: [FORBIDDEN/12/index read-only]'})
    with http_peer.Peer() as peer:
        peer.on(BULK, *[lambda r: taken(r, {'1': block})] * 3, taken)
        send(case, TABLE + sink(peer.url(), DEAD), [order(1, name='n')])
        equal(sent(peer), [['1']] * 4)


# ---- nodes, and who we are ----

@test
def elastic_nodes(case):
    """Nodes are asked in turn; one that is dead is left out, and asked again when it is back."""
    port = ports.hold()
    with http_peer.Peer() as one, http_peer.Peer() as two:
        one.on('*' + BULK, taken)
        two.on('*' + BULK, taken)
        url = '%s/path/, http://127.0.0.1:%d, %s' % (one.url(), port, two.url())
        sql = TABLE + sink(url, {'linger.ms': '0', 'batch.size': '1', 'max.in.flight.requests': '1'})
        engine = case.start(sql, '--input', 'ORDERS=-')
        for n in range(20):
            engine.feed(order(n, name='n'))
        until(lambda: len(one.asked()) + len(two.asked()) >= 20, what=lambda: (len(one.asked()), len(two.asked())))
        must(len(one.asked()) > 5 and len(two.asked()) > 5, len(one.asked()), len(two.asked()))
        must(all(r.path.startswith('/path/_bulk?') for r in one.asked()), one.asked()[0].path)
        back = http_peer.Peer(port)
        back.on(BULK, taken)
        with back:
            numbers = iter(range(100, 100000))

            def asked():
                engine.feed(order(next(numbers), name='n'))
                return back.asked()
            until(asked, what='the node that is back')
            engine.stop()


@test
def elastic_down_for_long(case):
    """All nodes are away: nothing is lost, nothing is buried, and all comes when one is back."""
    port = ports.hold()
    url = 'http://127.0.0.1:%d' % port
    engine = case.start(TABLE + sink(url, DEAD), '--input', 'ORDERS=' + case.records('in', [
        order(n % 50, name='n%d' % n) for n in range(3000)]))
    until(lambda: 'es' in engine.err().lower() and 'unreachable' in engine.err(), what=engine.err)
    cluster = Cluster()
    peer = http_peer.Peer(port)
    peer.on(BULK, cluster.answer)    # before it takes connections: an answer of 404 ends a sink
    with peer:
        until(lambda: cluster.live() == {str(k): {'NAME': 'n%d' % (2950 + k)} for k in range(50)},
              what=lambda: cluster.live())
        engine.stop()
    equal(dead(case), [])


@test
def elastic_who_we_are(case):
    """Basic, API keys in both forms, bearer tokens; bodies in gzip; ingest pipelines; no secret is shown."""
    basic = {'connection.username': 'ann', 'connection.password': 'pass:w'}
    for options, wanted in ((basic, 'Basic YW5uOnBhc3M6dw=='),
                            ({'api.key': 'idid:keykey'}, 'ApiKey aWRpZDprZXlrZXk='),
                            ({'api.key': 'Zm9v'}, 'ApiKey Zm9v'),
                            ({'bearer.token': 'tok.en'}, 'Bearer tok.en')):
        with http_peer.Peer() as peer:
            peer.on(BULK, taken)
            sql = TABLE + sink(peer.url(), options, {'connection.compression': 'true', 'pipeline': 'a b'})
            rows = [order(n, name='long enough to be compressed' * 10) for n in range(9)]
            out = send(case, sql + 'DESCRIBE CONNECTOR es;\n', rows, data='d%d' % len(case.engines))
            for r in peer.asked():
                equal(r.headers['authorization'], wanted)
                must('pipeline=a%20b' in r.path, r.path)
            must(any(r.headers.get('content-encoding') == 'gzip' for r in peer.asked()), 'gzip')
            shown = case.run(sql + 'CHECK CONNECTOR es;\n', data='d%d' % (len(case.engines) - 1))
            must('Authorization: %s [hidden]' % wanted.split()[0] in shown.out(), shown.out())
            must('{"index":{"_index":"orders","_id":"' in shown.out(), shown.out())
            for secret in ('pass:w', 'keykey', 'Zm9v', 'tok.en', 'YW5u'):
                must(secret not in out.out() + out.err() + shown.out() + shown.err(), secret, 'is shown')


@test
def elastic_aws(case):
    """Requests are signed for AWS's service, compressed or not: index templates and batches."""
    given = {'aws.region': 'us-east-1', 'aws.access.key.id': 'AKID', 'aws.secret.access.key': 'secret',
             'index.template.create': 'true', 'pipeline': 'a b', 'connection.compression': 'true'}
    with http_peer.Peer() as peer:
        peer.on('/_index_template/*', {'json': {'acknowledged': True}})
        peer.on(BULK, {'status': 503}, taken)
        for service in ('es', 'aoss'):
            peer.clear()
            send(case, TABLE + sink(peer.url(), given, {'aws.service': service}),
                 [order(n, name='long enough to be compressed' * 10) for n in range(9)], data=service)
            must(len(peer.asked()) >= 2, peer.asked())
            for r in peer.asked():
                aws_signature.must_fit(r, 'us-east-1', service, 'AKID', 'secret')
                equal('x-amz-content-sha256' in r.headers, service == 'aoss')


@test
def elastic_tls(case):
    """TLS: the authority, the name, our own certificate; what is not trusted gets nothing."""
    files = certificates.make(case.path('tls'))
    with http_peer.Peer(tls=files, ask_client=True) as peer:
        peer.on(BULK, taken)
        ours = {'tls.ca.file': files.ca, 'tls.cert.file': files.client, 'tls.key.file': files.client_key}
        send(case, TABLE + sink(peer.url(), ours), [order(1, name='n')])
        equal(len(peer.asked()), 1)
        for n, options in enumerate((dict(ours, **{'tls.ca.file': files.other_ca}), {'tls.ca.file': files.ca})):
            engine = case.start(TABLE + sink(peer.url(), options), '--input', 'ORDERS=' + case.records(
                'in%d' % n, [order(1, name='n')]), data='x%d' % n)
            engine.says('TLS' if n == 0 else 'connector ES: ')
            engine.stop()
        equal(len(peer.asked()), 1)


@test
def elastic_index_template_first(case):
    """An index template is there before the first document, whatever has to be tried for it."""
    with http_peer.Peer() as peer:
        peer.on('/_index_template/*', {'status': 503}, {'fault': 'reset'}, {'body': '<html>'},
                {'json': {'acknowledged': False}}, {'json': {'acknowledged': True}})
        peer.on(BULK, taken)
        send(case, TABLE + sink(peer.url(), {'index.template.create': 'true', 'batch.size': '3'}),
             [order(n, name='n') for n in range(30)])
        paths = [(r.method, r.path.split('?')[0]) for r in peer.asked()]
        equal(paths[:5], [('PUT', '/_index_template/weir-es-orders')] * 5)
        must(set(paths[5:]) == {('POST', BULK)}, paths)
        body = peer.asked('/_index*')[0].json
        equal(body['index_patterns'], ['orders'])
        equal(body['template']['mappings']['properties']['TOTAL'], {'type': 'scaled_float', 'scaling_factor': 100})
    with http_peer.Peer() as peer:
        peer.on('/_index_template/*', {'status': 400, 'json': {'error': {'type': 'x', 'reason': 'same priority'}}})
        said = send(case, TABLE + sink(peer.url(), {'index.template.create': 'true'}), [order(1, name='n')],
                    data='other', status=None).err()
        must('the index template: ' in said and 'same priority' in said, said)


# ---- mistakes ----

@test
def elastic_mistakes_at_create(case):
    """What cannot work is refused when the connector is made, with the place in the statement."""
    wrong = [
        ({'index': 'Orders-${ROWTIME:%Y}'}, 'names of indices are in lower case'),
        ({'index': 'or ders'}, 'no name of an index has this character'),
        ({'index': 'o-${NMAE}'}, 'did you mean ${NAME}?'),
        ({'index': 'o-${NAME}'}, 'it needs NAME, which a tombstone does not have'),
        ({'routing': 'name'}, 'it needs NAME, which a tombstone does not have'),
        ({'connection.url': 'localhost:9200'}, "does not begin with http://"),
        ({'connection.url': 'http://ann:secret@h:9200'}, "'connection.username'"),
        ({'connection.url': ' , '}, 'names no node'),
        ({'write.method': 'replace'}, 'it can be insert|upsert'),
        ({'write.method': 'upsert', 'version.type': 'external'}, "versions are for 'write.method'='insert'"),
        ({'key.ignore': 'true', 'behavior.on.null.values': 'delete'}, 'a tombstone does not tell which document'),
        ({'data.stream.type': 'logs', 'key.ignore': 'false'}, 'a data stream takes each id once'),
        ({'data.stream.type': 'logs', 'write.method': 'upsert'}, 'never changed'),
        ({'data.stream.type': 'logs', 'data.stream.timestamp.field': 'tme'}, 'tme is no column'),
        ({'api.key': 'abc', 'connection.username': 'ann'}, 'exclude each other'),
        ({'index': '${NAME}', 'index.template.create': 'true', 'behavior.on.null.values': 'ignore'},
         "'index.template.pattern'"),
        ({'version.column': 'nope'}, 'nope is no column'),
        ({'topic.index.map': 'ORDERS'}, 'it is a list of TOPIC:index'),
        ({'connection.ulr': 'x'}, "did you mean 'connection.url'?"),
        ({'tls.ca.file': '/no/such/file'}, '/no/such/file'),
    ]
    for options, text in wrong:
        said = case.refused(TABLE + sink('http://127.0.0.1:1', options), text, data=None)
        must('sql:' in said or 'tls' in str(options), options, said)
    case.run(TABLE + sink('http://127.0.0.1:1', {'index': 'o-${NAME}', 'behavior.on.null.values': 'ignore'}), data=None)


@test
def elastic_records_that_have_no_document(case):
    """A record without a key, without an object or with an impossible index goes to the dead letters, alone."""
    with http_peer.Peer() as peer:
        peer.on(BULK, taken)
        sql = """CREATE STREAM s (id STRING KEY, name STRING) WITH (kafka_topic='S', value_format='JSON', partitions=1);
        """ + sink(peer.url(), DEAD, {'topics': 'S', 'key.ignore': 'false', 'index': 'x-${NAME}',
                                      'behavior.on.null.values': 'fail'})
        rows = [order('a', name='Good'), order(None, name='b'), order('c', name='a/b'),
                order('d', {'NAME': None}), order('e'), order('f' * 600, name='n'), order('g', name='fine'),
                order('', name='n')]
        send(case, sql, rows, topic='S')
        found = [(s['_index'], s['_id']) for r in peer.asked() for _, s, _ in items(r)]
        equal(sorted(found), [('x-fine', 'g'), ('x-good', 'a')])
        reasons = [h['__connect.errors.exception.message'] for _, _, h in dead(case)]
        equal(len(reasons), 6)
        for part in ('no key', 'not allowed there', 'is NULL', "is fail", '512 bytes', 'id is empty'):
            must(any(part in r for r in reasons), part, reasons)
