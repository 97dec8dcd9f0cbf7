"""What the tests of the bundles share: the binary, the bundles, what they give."""
import json
import os
import re
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
WEIR = os.path.abspath(os.environ.get('WEIR', os.path.join(ROOT, 'build/dev/weir')))
# Without sanitizers, where there is one: for what is long, and told by its results.
RELEASE = os.path.abspath(os.environ.get('WEIR_RELEASE', WEIR))
QUERIES = os.path.join(ROOT, 'queries')
SECONDS = 300
PAUSE = 0.05
# What environments take from the environment.
SECRETS = {'HOOK_SECRET': 'whsec_b25seSBmb3IgdHJ5aW5nIHRoaXMgb3V0', 'REDIS_URI': 'redis://127.0.0.1:6379/0'}

tests = []


class Skipped(Exception):
    """This machine lacks what the test needs."""


def test(function):
    tests.append((function.__name__, function))
    return function


def expect(condition, what):
    if not condition:
        raise AssertionError(what)


def equal(actual, expected, what=''):
    expect(actual == expected, '%s\nexpected %r\nactual   %r' % (what, expected, actual))


def weir(*args, status=0, program=WEIR):
    done = subprocess.run([program] + list(args), cwd=ROOT, timeout=SECONDS, env=dict(os.environ, **SECRETS),
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out = done.stdout.decode()
    err = done.stderr.decode()
    what = ' '.join(args) + '\n' + out[-2000:] + err[-3000:]
    for sign in ('Sanitizer', 'runtime error:', 'panic'):
        expect(sign not in err, what)
    expect(status is None or done.returncode == status, 'exit status %d\n%s' % (done.returncode, what))
    return out, err


def run(bundle, output, *args):
    """The records of a topic after all input."""
    out, err = weir('run', '--until-idle', '--output', output + '=-', *args, 'queries/' + bundle)
    expect('skipped record' not in err, err[-2000:])
    return [json.loads(line) for line in out.splitlines()]


def last(records):
    return {json.dumps(r['key']): r['value'] for r in records}


def bundles():
    return sorted(n for n in os.listdir(QUERIES) if os.path.exists(os.path.join(QUERIES, n, 'bundle.yaml')))


def page(name):
    with open(os.path.join(QUERIES, name, 'README.md'), encoding='utf-8') as f:
        return f.read()


def blocks(text):
    """The commands of a page, as they belong together."""
    return [re.sub(r'^    ', '', block, flags=re.M) for block in re.findall(r'(?:^    .*\n?)+', text, re.M)]


def shell(commands, folder, program=WEIR):
    """What commands say in a folder where queries and weir are at hand."""
    os.makedirs(os.path.join(folder, 'bin'))
    os.symlink(program, os.path.join(folder, 'bin/weir'))
    os.symlink(QUERIES, os.path.join(folder, 'queries'))
    env = dict(os.environ, **SECRETS, PATH=os.path.join(folder, 'bin') + ':' + os.environ['PATH'])
    done = subprocess.run(['bash', '-e', '-o', 'pipefail', '-c', commands], cwd=folder, timeout=SECONDS, env=env,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    equal(done.returncode, 0, commands + '\n' + done.stderr.decode()[-3000:])
    return done.stdout.decode(), done.stderr.decode()


def environments(name):
    with open(os.path.join(QUERIES, name, 'bundle.yaml'), encoding='utf-8') as f:
        part = re.search(r'^environments:.*\n((?: .*\n)*)', f.read(), re.M)
    return re.findall(r'^  (\w+):', part.group(1), re.M) if part else []
