"""Each bundle: sound, its own tests pass, its page says what is true."""
import json
import os
import re
import shlex
import shutil
import tempfile

from case import QUERIES, bundles, environments, equal, expect, run, test, tests, weir

SERVERS = re.compile(r'--define \w+=true|--bootstrap-servers|--data-dir|--count 0')


def page(name):
    with open(os.path.join(QUERIES, name, 'README.md'), encoding='utf-8') as f:
        return f.read()


def commands(name):
    """What the page tells to do without servers."""
    lines = re.findall(r'^    (weir run --until-idle .*)$', page(name), re.M)
    return [line for line in lines if not SERVERS.search(line) and '--input' not in line]


def is_sound(name):
    for env in [None] + environments(name):
        out, _ = weir('check', *(['--env', env] if env else []), 'queries/' + name)
        expect(', 0 errors' in out, out)
    out, _ = weir('test', 'queries/' + name)
    expect(re.search(r'^[1-9]\d* passed, 0 failed$', out, re.M), out)


def does_what_its_page_says(name):
    found = commands(name)
    expect(found, 'no command in the page')
    for command in found:
        out, err = weir(*shlex.split(command)[1:])
        expect('skipped record' not in err, err[-2000:])
        expect('failed:' not in err, err[-2000:])
        records = [json.loads(line) for line in out.splitlines()]
        expect(records and any(r['value'] for r in records), '%s shows nothing' % command)
    text = page(name)
    for file in os.listdir(os.path.join(QUERIES, name)):
        if file.endswith('.sql'):
            expect('`%s`' % file in text, 'the page does not name %s' % file)


for bundle in bundles():
    tests.append(('check_' + bundle, lambda name=bundle: is_sound(name)))
    tests.append(('page_' + bundle, lambda name=bundle: does_what_its_page_says(name)))


@test
def all_are_listed():
    with open(os.path.join(QUERIES, 'README.md'), encoding='utf-8') as f:
        text = f.read()
    for name in bundles():
        expect('[`%s`](%s/README.md)' % (name, name) in text, 'queries/README.md does not list ' + name)
    with open(os.path.join(QUERIES, 'clickstream-platform/bundle.yaml'), encoding='utf-8') as f:
        whole = re.findall(r'- name: (\S+)', f.read())
    equal(sorted(whole), [n for n in bundles() if n != 'clickstream-platform'], 'the platform has all others')


@test
def generated_data_is_what_the_generator_says():
    """Several generators at once, read through pipes: not a byte of a record is another's."""
    made, _ = weir('datagen', '--topic', 'clickstream', '--count', '20000', '--seed', '1', '--speed', '60')
    made = [json.loads(line) for line in made.splitlines()]
    got = run('shop', 'clickstream')
    equal(len(got), len(made))
    for a, b in zip(got, made):
        equal((a['key'], a['value'], a['timestamp']), (b['key'], b['value'], b['timestamp']))


@test
def a_statement_that_fails_ends_the_run():
    """Also while generators wait for room in their pipes."""
    with tempfile.TemporaryDirectory(prefix='weir-queries-') as d:
        for name in ('shop', 'funnel'):
            shutil.copytree(os.path.join(QUERIES, name), os.path.join(d, name))
        with open(os.path.join(d, 'funnel/99-wrong.sql'), 'w', encoding='utf-8') as f:
            f.write('CREATE STREAM wrong AS SELECT nothing FROM clickstream;\n')
        _, err = weir('run', '--until-idle', os.path.join(d, 'funnel'), status=1)
        expect('99-wrong.sql:1:31' in err, err)
