"""The sink `redis`, when processes die: what is in Redis equals the model, whatever was killed how often."""
import os
import random
import signal
import time

from case import equal, must, test, until
from check_redis import STREAM, record, send, server, sink

KEYS = 23
SLOW = {'batch.size': '40', 'max.buffered.records': '600', 'rate.limit': '1500'} # can be killed at work
FEW = {'batch.size': '40', 'max.buffered.records': '600'}
POINTS = ('start.done', 'epoch.begin', 'epoch.collected', 'store.write', 'store.written', 'epoch.done')


def rows_of(rng, total):
    """Records with now and then a tombstone. Numbers tell them apart."""
    rows = []
    for n in range(total):
        key = 'k%d' % rng.randrange(KEYS)
        rows.append(record(key) if rng.random() < 0.03 else
                    record(key, n=n, x=rng.choice((0.5, 1.25)), t='t%d' % n if rng.random() < 0.7 else None))
    return rows


def model_of(rows):
    """What each sink must have made: hashes and counters are deleted by tombstones, the others are not."""
    hashes, counters, lists, scores = {}, {}, {}, {}
    for r in rows:
        key, value = r['key'], r['value']
        if value is None:
            hashes.pop(key, None)
            counters.pop(key, None)
            continue
        hashes[key] = {c.encode(): str(v).encode() for c, v in value.items() if v is not None}
        old = counters.get(key, (0, 0.0))
        counters[key] = (old[0] + value['N'], old[1] + value['X'])
        lists.setdefault(key, []).append(b'%d' % value['N'])
        scores[key] = scores.get(key, 0) + value['N']
    return hashes, counters, lists, scores


def sinks(uri, lanes=5, few=FEW):
    more = dict(few, **{'max.in.flight.requests': lanes})
    keep = {'on.delete': 'none'}
    return (sink(uri, more, {'redis.key': 'h:${K}', 'ttl': '1h'}, name='h') +
            sink(uri, more, {'redis.key': 'c:${K}', 'incr.fields': 'N,X'}, name='c') +
            sink(uri, more, {'redis.key': 'l:${K}', 'redis.type': 'list', 'redis.value': '${N}'}, name='l') +
            sink(uri, more, {'redis.key': 'x:${K}', 'redis.type': 'stream', 'hash.fields': 'N'}, name='x') +
            sink(uri, more, keep, {'redis.key': 'best:{all}', 'redis.type': 'zset', 'member': '${K}', 'score': 'N',
                                   'zadd.mode': 'incr'}, name='z'))


def pairs(words):
    return dict(zip(words[::2], words[1::2]))


def same(got, wanted, what):
    """Lists are long: the first difference says enough."""
    at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b), min(len(got), len(wanted)))
    must(got == wanted, '%s: %d of %d items; from %d on %r, wanted %r' % (
        what, len(got), len(wanted), at, got[at:at + 5], wanted[at:at + 5]))


def check(ask, rows):
    hashes, counters, lists, scores = model_of(rows)
    for key in ('k%d' % k for k in range(KEYS)):
        equal(pairs(ask('HGETALL', 'h:' + key)), hashes.get(key, {}), 'hash of ' + key)
        got = pairs(ask('HGETALL', 'c:' + key))
        wanted = counters.get(key)
        equal((int(got[b'N']), float(got[b'X'])) if got else None, wanted, 'counters of ' + key)
        same(ask('LRANGE', 'l:' + key, 0, -1), lists.get(key, []), 'list of ' + key)
        same([e[1][1] for e in ask('XRANGE', 'x:' + key, '-', '+')], lists.get(key, []), 'stream of ' + key)
        score = ask('ZSCORE', 'best:{all}', key)
        equal(int(score) if score else None, scores.get(key), 'score of ' + key)


def written(r, cluster):
    """How many records are in the lists."""
    try:
        if cluster:
            return sum(r.ask('LLEN', 'l:k%d' % k) for k in range(KEYS))
        return sum(r.client.all([('LLEN', 'l:k%d' % k) for k in range(KEYS)]))
    except OSError:
        return 0


def killed_at_random(case, r, cluster=False, total=5000, most=10, seconds=60):
    rng = random.Random(case.name)
    rows = rows_of(rng, total)
    in_lists = sum(map(len, model_of(rows)[2].values()))
    send(case, rows)
    began = time.monotonic()
    kills = 0
    while kills < most and time.monotonic() - began < seconds and written(r, cluster) < in_lists:
        engine = case.start(STREAM + sinks(r.uri, few=SLOW), '--set', 'commit.interval.ms=20')
        wait = min(written(r, cluster) + rng.randrange(1, total // most), in_lists)
        until(lambda n=wait: written(r, cluster) >= n, what=engine.err)
        engine.kill()
        kills += 1
    case.run(STREAM + sinks(r.uri))
    case.note('%d kills', kills)
    must(kills > 2, 'too few kills')
    check(r.ask if cluster else r.client, rows)


@test
def redis_engine_killed(case):
    """After any number of kill -9 of the engine: hashes and members as last written, counters exact, lists and
    streams in order and without repetition."""
    with server() as r:
        killed_at_random(case, r)


@test
def redis_engine_killed_cluster(case):
    """The same in a cluster, where fences lie in all its slots."""
    with server(cluster=True) as r:
        killed_at_random(case, r, cluster=True, total=12000, most=8)


@test
def redis_killed_in_a_commit(case):
    """Killed at each point of a commit, with another number of lanes each time: the same."""
    rows = rows_of(random.Random(3), 1200)
    for point in POINTS:
        with server() as r:
            send(case, rows, data=point)
            died = 0
            for nth, lanes in ((1, 5), (2, 3), (3, 1), (6, 8)):
                engine = case.start(STREAM + sinks(r.uri, lanes), '--until-idle', '--set', 'commit.interval.ms=10',
                                    data=point, env={'WEIR_FAULT': '%s:%d:kill' % (point, nth)})
                engine.process.wait(180)
                died += engine.process.returncode == -9
            must(died, point, 'was never reached')
            case.run(STREAM + sinks(r.uri), data=point)
            check(r.client, rows)


@test
def redis_server_killed(case):
    """Redis dies in the middle of pipelines, and comes back with its log; the engine dies, too, now and then:
    the same."""
    with server('appendonly yes', 'appendfsync no') as r:
        rng = random.Random(5)
        rows = rows_of(rng, 12000)
        in_lists = sum(map(len, model_of(rows)[2].values()))
        send(case, rows)
        engine = None
        kills = 0
        while kills < 12 and written(r, False) < in_lists:
            if not engine or kills % 4 == 3:
                if engine:
                    engine.kill()
                engine = case.start(STREAM + sinks(r.uri, few=SLOW), '--set', 'commit.interval.ms=20')
            wait = min(written(r, False) + rng.randrange(1, 1500), in_lists)
            until(lambda n=wait: written(r, False) >= n, what=engine.err)
            r.kill()
            r.resume()
            kills += 1
        engine.kill()
        case.run(STREAM + sinks(r.uri))
        case.note('%d kills', kills)
        must(kills > 3, 'too few kills')
        check(r.client, rows)


@test
def redis_links_cut(case):
    """Connections are cut again and again while records flow: the same."""
    with server() as r:
        rows = rows_of(random.Random(6), 6000)
        send(case, rows)
        engine = case.start(STREAM + sinks(r.uri))
        cuts = seen = 0
        in_lists = sum(map(len, model_of(rows)[2].values()))

        def done():
            nonlocal cuts, seen
            now = written(r, False)
            if now > seen:      # a slow machine, too, has to come forward between two cuts
                cuts += r.client('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes') > 0
            seen = now
            return now == in_lists
        until(done, what=engine.err)
        engine.stop()
        case.run(STREAM + sinks(r.uri))
        case.note('%d cuts', cuts)
        check(r.client, rows)


@test
def redis_silent(case):
    """A server that stops answering is left after the timeout, and what it has half done is not done twice."""
    with server() as r:
        rows = rows_of(random.Random(7), 4000)
        send(case, rows)
        in_lists = sum(map(len, model_of(rows)[2].values()))
        engine = case.start(STREAM + sinks(r.uri).replace("'linger.ms'='1'", "'linger.ms'='1', 'redis.timeout'='1s'"))
        for part in (0.2, 0.5):
            until(lambda n=part: written(r, False) >= n * in_lists, what=engine.err)
            before = engine.err().count('no reply from Redis in time')
            os.kill(r.pid, signal.SIGSTOP)
            until(lambda n=before: engine.err().count('no reply from Redis in time') > n, what=engine.err)
            os.kill(r.pid, signal.SIGCONT)
        until(lambda: written(r, False) == in_lists, what=engine.err)
        engine.stop()
        case.run(STREAM + sinks(r.uri))
        check(r.client, rows)


@test
def redis_out_of_memory_now_and_then(case):
    """Commands are refused in the middle of pipelines, again and again, while later ones are taken: the same."""
    with server() as r:
        rows = rows_of(random.Random(9), 20000)
        send(case, rows)
        in_lists = sum(map(len, model_of(rows)[2].values()))
        large = {} # several calls of the script for a fence in one pipeline
        engine = case.start(STREAM + sinks(r.uri, few=large))
        began = time.monotonic()
        while written(r, False) < in_lists and time.monotonic() - began < 20:
            r.client('CONFIG', 'SET', 'maxmemory', 1)
            r.client('PING') # a turn of its loop: parts of pipelines are refused
            r.client('CONFIG', 'SET', 'maxmemory', 0)
        until(lambda: written(r, False) == in_lists, what=engine.err)
        engine.stop()
        case.run(STREAM + sinks(r.uri, few=large))
        must('OOM' in engine.err(), 'nothing was refused')
        check(r.client, rows)


@test
def redis_refused_and_killed(case):
    """What Redis refuses for good is a dead letter, also when the engine dies between the refusal and the commit
    of the letter (then it may be there twice); what is behind it counts once."""
    with server() as r:
        rng = random.Random(11)
        rows = [record('k%d' % rng.randrange(5), n=n) for n in range(4000)]
        bad = [row['value'] for row in rows if row['key'] == 'k1']
        r.client('SET', 'c:k1', 'text')
        send(case, rows)
        counts = {'redis.key': 'c:${K}', 'incr.fields': 'N', 'errors.deadletterqueue.topic.name': 'dead'}
        sql = STREAM + sink(r.uri, FEW, counts)
        slow = STREAM + sink(r.uri, FEW, dict(counts, **{'rate.limit': '500'})) # so that it can be killed at work
        wanted = {b'c:k%d' % k: sum(row['value']['N'] for row in rows if row['key'] == 'k%d' % k) for k in (0, 2, 3, 4)}

        def total():
            return sum(int(r.client('HGET', key, 'N') or 0) for key in wanted)
        kills = 0
        while kills < 8 and total() < sum(wanted.values()):
            engine = case.start(slow, '--set', 'commit.interval.ms=50')
            wait = min(total() + rng.randrange(1, sum(wanted.values()) // 6), sum(wanted.values()))
            until(lambda n=wait: total() >= n, what=engine.err)
            engine.kill()
            kills += 1
        case.run(sql)
        must(kills > 2, 'too few kills')
        equal({key: int(r.client('HGET', key, 'N')) for key in wanted}, wanted)
        same(sorted({d['value']['N'] for d in case.topic('dead')}), [value['N'] for value in bad], 'dead letters')
