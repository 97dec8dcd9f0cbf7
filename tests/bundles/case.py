"""What tests of bundles share: a bundle, commands over a data directory, and what they say."""
import json
import os
import shutil
import subprocess
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
WEIR = os.path.abspath(os.environ.get('WEIR', os.path.join(ROOT, 'build/dev/weir')))
SECONDS = 60

MANIFEST = '''name: shop
version: 1.0.0
variables:
  least: 0
  hook: none
environments:
  prod: {least: 5}
topics:
  clicks: {partitions: 1, format: JSON}
data:
  clicks: data/clicks.jsonl
'''
SOURCES = '''SET 'auto.offset.reset' = 'earliest';
CREATE STREAM clicks (user_id STRING KEY, page STRING, n INT)
  WITH (kafka_topic='clicks', value_format='JSON', partitions=1);
'''
COUNTS = '''CREATE TABLE counts AS
  SELECT user_id, COUNT(*) AS c, SUM(n) AS s FROM clicks WHERE n >= ${least} GROUP BY user_id;
'''
RECORDS = '''{"key":"ann","value":{"PAGE":"a","N":1},"timestamp":1}
{"key":"bob","value":{"PAGE":"b","N":7},"timestamp":2}
{"key":"ann","value":{"PAGE":"c","N":5},"timestamp":3}
'''
TESTS = '''--@test: counts
RUN SCRIPT '../10-sources.sql';
RUN SCRIPT '../20-counts.sql';
INSERT INTO clicks (user_id, n) VALUES ('ann', 5);
ASSERT VALUES counts (user_id, c, s) VALUES ('ann', 1, 5);
'''
CHECKS = []


def test(function):
    """Called with an empty folder."""
    CHECKS.append(function)
    return function


class Skipped(Exception):
    """This machine lacks what the test needs."""


class Run:
    """A finished command."""

    def __init__(self, folder, *args, env=None):
        done = subprocess.run([WEIR] + list(args), cwd=folder, timeout=SECONDS, env=dict(os.environ, **(env or {})),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.status = done.returncode
        self.out = done.stdout.decode()
        self.err = done.stderr.decode()

    def __str__(self):
        return 'status %d\n--- out\n%s--- err\n%s' % (self.status, self.out, self.err)


def write(folder, name, text):
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def equal(actual, expected, run=None):
    expect(actual == expected, 'expected %r\nactual   %r\n%s' % (expected, actual, run or ''))


def one_line(run, status, *parts):
    equal(run.status, status, run)
    expect(run.err.count('\n') == 1, 'more than one line\n%s' % run)
    for part in parts:
        expect(part in run.err, 'no %r in\n%s' % (part, run))


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def bundle(d, name='shop', **files):
    """A bundle; a file of None is left out. `f10_sources` is 10-sources.sql."""
    every = {'bundle.yaml': MANIFEST, '10-sources.sql': SOURCES, '20-counts.sql': COUNTS,
             'data/clicks.jsonl': RECORDS, 'tests/counts.sql': TESTS}
    for key, text in files.items():
        key = 'bundle.yaml' if key == 'manifest' else '%s-%s.sql' % tuple(key[1:].split('_', 1))
        every[key] = text
    shutil.rmtree(os.path.join(d, name), ignore_errors=True)
    for key, text in every.items():
        if text is not None:
            write(d, os.path.join(name, key), text)


def plan(d, *args):
    """Changes by (kind, name): (action, state), without what is kept."""
    run = Run(d, 'plan', '--json', '--data-dir', 'dir', *args)
    expect(run.status in (0, 2), run)
    answer = json.loads(run.out)
    equal(answer['differs'], run.status == 2, run)
    return {(c['kind'], c['name']): (c['action'], c['state'])
            for c in answer['changes'] if c['action'] != 'keep'}


def apply(d, *args):
    run = Run(d, 'apply', '--data-dir', 'dir', *args)
    equal(run.status, 0, run)
    return run


def results(d, topic, *args):
    run = Run(d, 'run', '--data-dir', 'dir', '--until-idle', '--output', topic + '=-', *args)
    equal(run.status, 0, run)
    last = {}
    for r in lines(run.out):
        last[r['key']] = r['value']
    return last


def history(d):
    run = Run(d, 'history', '--json', '--data-dir', 'dir')
    equal(run.status, 0, run)
    return lines(run.out)


class Live:
    """weir run over the directory, until stop()."""

    def __init__(self, d, *args):
        with open(os.path.join(d, 'live.out'), 'wb') as out, open(os.path.join(d, 'live.err'), 'wb') as err:
            self.process = subprocess.Popen([WEIR, 'run', '--data-dir', 'dir'] + list(args), cwd=d, stdin=subprocess.PIPE,
                                            stdout=out, stderr=err)
        self.d = d

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()

    def feed(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def said(self, name='live.out'):
        with open(os.path.join(self.d, name), encoding='utf-8') as f:
            return f.read()

    def counted(self, key):
        whole = self.said()
        rows = [r for r in lines(whole[:whole.rfind('\n') + 1]) if r['key'] == key]
        return rows[-1]['value']['C'] if rows else 0

    def until(self, call):
        end = time.monotonic() + SECONDS
        while not call():
            expect(self.process.poll() is None and time.monotonic() < end, self.said('live.err') + self.said())
            time.sleep(0.02)

    def stop(self):
        self.process.terminate()
        equal(self.process.wait(SECONDS), 0, self.said('live.err'))
