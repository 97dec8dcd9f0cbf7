"""The sink `redis` behind sentinels: it finds the master, and follows it to where it goes."""
import contextlib

import redis_server
from case import Skipped, equal, must, test, until
from check_redis import STREAM, check_exact, record, send, sink

QUICK = ('sentinel down-after-milliseconds shop 500', 'sentinel failover-timeout shop 2000')
USER = 'user watcher on >watchpass ~* &* +@all'


@contextlib.contextmanager
def shop():
    """A master, its replica, and a sentinel that knows both."""
    reason = redis_server.unavailable()
    if reason:
        raise Skipped(reason)
    with redis_server.Server() as a, redis_server.Server('replicaof 127.0.0.1 %d' % a.port) as b:
        until(lambda: in_step(a, b), what='the replica has what the master has')
        with redis_server.Sentinel('sentinel monitor shop 127.0.0.1 %d 1' % a.port, *QUICK, USER) as s:
            until(lambda: replica_known(s), what='the sentinel knows the replica')
            yield a, b, s


def role(r):
    """Sentinels cut the connections of whom they make a replica."""
    try:
        return r.client('ROLE')
    except OSError:
        return [None]


def in_step(master, replica):
    """All that the master has written has arrived."""
    mine, own = role(replica), role(master)
    return mine[0] == b'slave' and mine[3] == b'connected' and own[0] == b'master' and mine[4] >= own[1]


def replica_known(s):
    found = [dict(zip(r[::2], r[1::2])) for r in s.client('SENTINEL', 'REPLICAS', 'shop')]
    return any(r[b'flags'] == b'slave' and r[b'master-link-status'] == b'ok' for r in found)


def behind(s, **more):
    options = {'redis.sentinel.master': 'shop', 'redis.sentinel.nodes': '127.0.0.1:1, 127.0.0.1:%d' % s.port,
               'redis.sentinel.username': 'watcher', 'redis.sentinel.password': 'watchpass', **more}
    return (sink('redis://weir:weirpass@example.invalid', options, {'redis.key': 'out:h:${K}'}, name='h') +
            sink('redis://127.0.0.1', options, {'redis.key': 'h:${K}'}, name='hh') +
            sink('redis://127.0.0.1', options, {'redis.key': 'c:${K}', 'incr.fields': 'N'}, name='c') +
            sink('redis://127.0.0.1', options, {'redis.key': 'l:${K}', 'redis.type': 'list', 'redis.value': '${N}'},
                 name='l'))


def listed(r):
    try:
        return sum(r.client('LLEN', 'l:k%d' % i) for i in range(7))
    except (OSError, redis_server.Error):   # it is being restarted, or reads the master's data
        return -1


@test
def redis_sentinel_failover(case):
    """The master is found although the first sentinel does not answer and the URI names nobody; it dies and its
    replica takes over, then it comes back and takes over again while its replica lives: all is there once."""
    with shop() as (a, b, s):
        live = case.start(STREAM + behind(s), '--input', 'S=-')
        n = 0

        def feed(count, to):
            nonlocal n
            live.feed(*[record('k%d' % (i % 7), n=i) for i in range(n, n + count)])
            n += count
            until(lambda: listed(to) == n and to.client('HGET', 'out:h:k%d' % ((n - 1) % 7), 'N') == b'%d' % (n - 1),
                  what=live.err)
        feed(300, a)
        until(lambda: in_step(a, b), what='in step')
        a.kill()
        feed(300, b)
        a.resume()      # as a master without data: the sentinel makes it a replica
        until(lambda: in_step(b, a) and replica_known(s), what='a replica again')
        until(lambda: failed_over(s), what='SENTINEL FAILOVER')
        until(lambda: in_step(a, b), what='changed places')
        feed(300, a)
        live.stop()
        check_exact(a.client, n)


def failed_over(s):
    try:
        return s.client('SENTINEL', 'FAILOVER', 'shop') == b'OK'
    except redis_server.Error as e:     # one is still under way, or too short ago
        must('INPROG' in str(e) or 'NOGOODSLAVE' in str(e), str(e))
        return False


@test
def redis_sentinel_refuses(case):
    """A name that sentinels do not know is told and waited for; a wrong password ends the connector."""
    with shop() as (_, _, s):
        alive = {'redis.sentinel.nodes': '127.0.0.1:%d' % s.port}
        live = case.start(STREAM + behind(s, **{'redis.sentinel.master': 'shopp', **alive}), '--input', 'S=-')
        live.feed(record('a', n=1))
        live.says('knows no master "shopp"')
        live.kill()
        done = send(case, [record('a', n=1)], behind(s, **{'redis.sentinel.password': 'wrong', **alive}), status=1, data='d2')
        must('WRONGPASS' in done.err(), done.err())


@test
def redis_sentinel_options(case):
    """What does not go together is refused at CREATE, with what is missing."""
    for options, texts in (({'redis.sentinel.master': 'shop'}, ["needs 'redis.sentinel.nodes'"]),
                           ({'redis.sentinel.nodes': 'a:1'}, ["needs 'redis.sentinel.master'"]),
                           ({'redis.mode': 'sentinel'}, ["needs 'redis.sentinel.master'"]),
                           ({'redis.sentinel.master': 'm', 'redis.sentinel.nodes': 'a:x'}, ["'a:x' is no host:port"]),
                           ({'redis.sentinel.master': 'm', 'redis.sentinel.nodes': 'a', 'redis.mode': 'cluster'}, ['sentinel']),
                           ({'redis.sentinel.master': 'm', 'redis.sentinel.nodes': 'a', 'redis.sentinel.username': 'u'},
                            ["needs 'redis.sentinel.password'"])):
        case.refused(STREAM + sink('redis://127.0.0.1', options), *texts, data=None)
    case.refused(STREAM + sink('unix:///x', {'redis.sentinel.master': 'm', 'redis.sentinel.nodes': 'a'}), 'is a socket',
                 data=None)
    equal(case.run(STREAM + sink('redis://x', {'redis.sentinel.master': 'm', 'redis.sentinel.nodes': 'a, b:1', 'enabled': 'false'}),
                   data=None).process.returncode, 0)
