"""What leaves the bundles, and what comes in: webhooks, Redis, files, HTTP, as far as this machine has it."""
import http.client
import http.server
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

from case import HERE, PAUSE, ROOT, SECONDS, WEIR, Skipped, equal, expect, last, run, test, tests, weir

sys.path.insert(0, os.path.join(HERE, '../support'))
import ports    # noqa: E402

# ---- webhooks


class Receiver:
    """Keeps the JSON bodies of all POSTs."""

    def __init__(self):
        receiver = self
        self.bodies = []
        self.signed = True

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = 'HTTP/1.1'

            def do_POST(self):
                body = self.rfile.read(int(self.headers['Content-Length']))
                receiver.bodies.append(json.loads(body))
                receiver.signed &= 'webhook-signature' in self.headers
                self.send_response(204)
                self.end_headers()

            def log_message(self, *args):
                pass
        self.server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def options(self):
        return ['--define', 'hook=true', '--define', 'hook_url=http://127.0.0.1:%d/hook' % self.server.server_port]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def hooked(bundle, output, *args):
    receiver = Receiver()
    try:
        records = run(bundle, output, *receiver.options(), *args)
    finally:
        receiver.close()
    expect(receiver.signed, 'not signed')
    return records, receiver.bodies


@test
def low_stock_is_told_and_taken_back():
    """One alert per time that a product is short, and an all-clear for each that is filled up."""
    records, bodies = hooked('inventory', 'LOW_STOCK')
    wanted = {}
    for r in records:
        events = wanted.setdefault(r['key'], [])
        event = 'stock.low' if r['value'] else 'stock.ok'
        if not events or events[-1] != event:
            events.append(event)
    got = {}
    for b in bodies:
        got.setdefault(b['product'], []).append(b['event'])
    equal(got, wanted)
    expect(any('stock.ok' in e for e in got.values()), 'nothing is filled up')


@test
def abandoned_carts_are_told_once():
    records, bodies = hooked('cart-abandonment', 'ABANDONED_CARTS')
    equal(sorted(b['session'] for b in bodies), sorted({r['key'] for r in records}))


@test
def fraud_is_told():
    records, bodies = hooked('fraud', 'FRAUD_ALERTS')
    equal({b['card'] for b in bodies if b['rule'] == 'score'}, {r['key'] for r in records})


@test
def training_is_started_once_a_day_for_each_reason():
    records, bodies = hooked('models', 'DRIFT_ALERTS', '--define', 'retrain_events=4000')
    expect(len(records) > 1, 'one hour with drift: nothing is held back')
    equal(sorted((b['reason'], b['feature']) for b in bodies), [('drift', 'category'), ('new data', 'recommender')])
    equal([b['events'] for b in bodies if b['reason'] == 'new data'], [4000])


# ---- Redis


class Redis:
    """A server of its own."""

    def __init__(self):
        program = shutil.which('redis-server')
        if not program:
            raise Skipped('redis-server is not installed')
        self.folder = tempfile.mkdtemp(prefix='weir-queries-')
        self.path = os.path.join(self.folder, 'redis')
        self.process = subprocess.Popen([program, '--port', '0', '--unixsocket', self.path, '--save', '', '--dir',
                                         self.folder], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + SECONDS
        while not os.path.exists(self.path):
            expect(time.monotonic() < deadline and self.process.poll() is None, 'redis-server does not start')
            time.sleep(PAUSE)
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(self.path)
        self.file = self.socket.makefile('rb')

    def reply(self):
        line = self.file.readline()[:-2]
        if line[:1] == b'*':
            return [self.reply() for _ in range(int(line[1:]))]
        if line[:1] == b'$':
            return None if line == b'$-1' else self.file.read(int(line[1:]) + 2)[:-2].decode()
        expect(line[:1] != b'-', line)
        return line[1:].decode()

    def call(self, *words):
        data = [str(w).encode() for w in words]
        self.socket.sendall(b'*%d\r\n' % len(data) + b''.join(b'$%d\r\n%s\r\n' % (len(w), w) for w in data))
        return self.reply()

    def options(self):
        return ['--define', 'redis=true', '--define', 'redis_uri=unix://%s?db=0' % self.path]

    def close(self):
        self.process.kill()
        self.process.wait()
        self.file.close()
        self.socket.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def with_redis(function):
    def call():
        redis = Redis()
        try:
            function(redis)
        finally:
            redis.close()
    tests.append((function.__name__, call))


def pairs(items):
    return dict(zip(items[::2], items[1::2]))


def zset(redis, key):
    return {k: float(v) for k, v in pairs(redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')).items()}


@with_redis
def user_profiles_are_in_redis(redis):
    stats = last(run('user-profiles', 'PRODUCT_STATS', *redis.options()))
    equal(len(redis.call('KEYS', 'product:*:stats')), len(stats))
    for key, row in stats.items():
        got = pairs(redis.call('HGETALL', 'product:%s:stats' % json.loads(key)))
        equal(int(got['total_views']), row['TOTAL_VIEWS'])
        equal(int(got['total_purchases']), row['TOTAL_PURCHASES'])
        equal(float(got['avg_rating']) if 'avg_rating' in got else None, row['AVG_RATING'])
    key = redis.call('KEYS', 'user:*:item:*')[0]
    equal(set(pairs(redis.call('HGETALL', key))),
          {'views', 'clicks', 'add_to_cart', 'purchases', 'score', 'last_interaction'})
    expect(0 < int(redis.call('TTL', key)) <= 30 * 86400, 'it lives for 30 days')


@with_redis
def recommendations_are_in_redis(redis):
    similar = last(run('recommendations', 'SIMILAR_PRODUCTS', *redis.options()))
    equal(len([k for k in redis.call('KEYS', 'recs:*') if re.match('recs:P', k)]), len(similar))
    for key, row in similar.items():
        equal(zset(redis, 'recs:' + json.loads(key)), {i['PRODUCT_ID']: i['SCORE'] for i in row['ITEMS']})


@with_redis
def trends_are_in_redis(redis):
    lists = run('trending', 'TRENDING_TOP', *redis.options())
    model = {}
    for r in lists:
        start = time.strftime('%Y%m%d%H%M', time.gmtime(r['window']['start'] // 1000))
        model['trending:top:' + start] = {i['PRODUCT_ID']: float(i['PAGE_VIEWS']) for i in r['value']['ITEMS']}
    equal({k: zset(redis, k) for k in redis.call('KEYS', 'trending:top:*')}, model)


@with_redis
def each_user_is_served_by_one_release(redis):
    served = last(run('models', 'SERVED_RECOMMENDATIONS', *redis.options()))
    equal({row['RELEASE'] for row in served.values()}, {'towers:1', 'towers:2'})
    equal(sorted(redis.call('KEYS', 'recs:served:*')), sorted('recs:served:' + json.loads(key) for key in served))
    for key, row in served.items():
        equal(zset(redis, 'recs:served:' + json.loads(key)), {i['PRODUCT_ID']: i['SCORE'] for i in row['ITEMS']})


# ---- files


@test
def reports_of_a_day_are_files():
    """As the page says: a day that is over, each row once, and the sums of all clicks. Who waits for it is told."""
    receiver = Receiver()
    with tempfile.TemporaryDirectory(prefix='weir-queries-') as d:
        out, _ = weir('datagen', '--count', '20000', '--speed', '500')
        clicks = os.path.join(d, 'clicks.jsonl')
        with open(clicks, 'w', encoding='utf-8') as f:
            f.write(out)
        try:
            weir('run', '--until-idle', '--define', 'files=true', '--define', 'files_dir=' + d, *receiver.options(),
                 '--input', 'clickstream=' + clicks, 'queries/segmentation')
        finally:
            receiver.close()
        views = {}
        events = 0
        for line in out.splitlines():
            r = json.loads(line)
            day = time.strftime('%Y%m%d', time.gmtime(r['timestamp'] // 1000))
            events += day == '20260126'
            if day == '20260126' and r['value']['event_type'] == 'view':
                views[r['value']['category']] = views.get(r['value']['category'], 0) + 1
        with open(os.path.join(d, 'reports/conversion_rates_20260126.csv'), encoding='utf-8') as f:
            rows = [line.split(',') for line in f.read().splitlines()]
        equal(rows[0][:2], ['CATEGORY', 'PAGE_VIEWS'])
        late = sum(views.values()) - sum(int(r[1]) for r in rows[1:])
        equal(sorted(r[0] for r in rows[1:]), sorted(views))
        expect(0 <= late <= 20, 'views in the report: %d less' % late)
        equal([(b['event'], b['day']) for b in receiver.bodies], [('report.complete', '2026-01-26')])
        expect(0 <= events - receiver.bodies[0]['events'] <= 20, 'events in the message: %r of %d' % (
            receiver.bodies, events))


# ---- HTTP


def post(port, path, value):
    connection = http.client.HTTPConnection('127.0.0.1', port, timeout=SECONDS)
    connection.request('POST', path, json.dumps(value), {'Content-Type': 'application/json'})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer.status, json.loads(body) if body else None


@test
def the_platform_takes_events_over_http():
    """Three front ends, wrong events told by field, and what was taken is there after kill -9."""
    with tempfile.TemporaryDirectory(prefix='weir-queries-') as d:
        port = ports.hold()
        options = ['--env', 'local', '--define', 'listen=127.0.0.1:%d' % port, '--data-dir', os.path.join(d, 'state')]
        with open(os.path.join(d, 'err'), 'wb') as err:
            engine = subprocess.Popen([WEIR, 'run'] + options + ['queries/clickstream-platform'], cwd=ROOT,
                                      stdin=subprocess.DEVNULL, stdout=err, stderr=err)
        try:
            deadline = time.monotonic() + SECONDS
            while True:
                with open(os.path.join(d, 'err'), encoding='utf-8') as f:
                    told = f.read()
                expect(time.monotonic() < deadline and engine.poll() is None, 'does not listen\n' + told)
                try:
                    socket.create_connection(('127.0.0.1', port), 1).close()
                    break
                except OSError:
                    time.sleep(PAUSE)
            bought = {'userId': 'ann', 'sessionId': 's1', 'eventType': 'purchase', 'productId': 'P1', 'category': 'audio',
                      'price': 12.5, 'quantity': 2}
            viewed = {'userId': 'bob', 'sessionId': 's2', 'eventType': 'view', 'productId': 'P2'}
            equal(post(port, '/track', viewed), (204, None))
            status, body = post(port, '/api/events', bought)
            equal((status, body['success']), (201, True))
            status, body = post(port, '/api/events/batch', [viewed, bought, viewed])
            equal((status, body['data']), (201, {'count': 3}))
            equal(post(port, '/events', viewed)[0], 201)
            status, body = post(port, '/api/events', {'sessionId': 's1', 'eventType': 'buy'})
            equal((status, [e['field'].lower() for e in body['errors']]), (400, ['userid', 'eventtype', 'productid']))
            equal(post(port, '/api/events/batch', [viewed, {'userId': 'x'}])[0], 400)
        finally:
            engine.kill()
            engine.wait()
        options[3] = 'listen=127.0.0.1:%d' % ports.hold()
        options[:2] = ['--define', 'ingest=false'] # nothing is waited for
        weir('run', '--until-idle', *options, 'queries/clickstream-platform')
        state = ['--data-dir', os.path.join(d, 'state')]
        equal([len(weir('consume', topic, *state)[0].splitlines()) for topic in ('events', 'clickstream')], [6, 6])
        out, _ = weir('consume', 'REVENUE_BY_DAY', *state)
        equal([json.loads(line)['value']['REVENUE'] for line in out.splitlines()][-1], 50)
