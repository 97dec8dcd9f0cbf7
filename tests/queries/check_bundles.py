"""Each bundle: sound, its own tests pass, its page says what is true."""
import json
import os
import re
import shutil
import tempfile

from case import QUERIES, blocks, bundles, environments, equal, expect, page, run, shell, test, tests, weir

# What needs a server, or does not end.
SERVERS = re.compile(r'--define (?!files)\w+=true|--bootstrap-servers|--env local|--count 0|redis-cli|curl|tools/demo')


def is_sound(name):
    for env in [None] + environments(name):
        out, _ = weir('check', *(['--env', env] if env else []), 'queries/' + name)
        expect(', 0 errors' in out, out)
    out, _ = weir('test', 'queries/' + name)
    expect(re.search(r'^[1-9]\d* passed, 0 failed$', out, re.M), out)


def does_what_its_page_says(name):
    """The commands that need no server, as they stand there; one that prints a topic prints records."""
    text = page(name)
    ran = 0
    for block in blocks(text):
        if SERVERS.search(block):
            continue
        with tempfile.TemporaryDirectory(prefix='weir-queries-') as folder:
            out, err = shell(block, folder)
        for sign in ('skipped record', 'failed:', ' 0 passed', ' failed\n'):
            expect(sign not in err, block + '\n' + err[-2000:])
        if '=-' in block:
            found = [json.loads(line) for line in out.splitlines() if line.startswith('{')]
            expect(any(r['value'] for r in found), block + '\nshows nothing')
        expect(out, block + '\nsays nothing')
        ran += 1
    expect(ran, 'no command in the page')
    for file in os.listdir(os.path.join(QUERIES, name)):
        if file.endswith('.sql'):
            expect('`%s`' % file in text, 'the page does not name %s' % file)


for bundle in bundles():
    tests.append(('check_' + bundle, lambda name=bundle: is_sound(name)))
for folder in bundles() + ['ecommerce']:
    tests.append(('page_' + folder, lambda name=folder: does_what_its_page_says(name)))


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
def the_first_day_has_the_same_sources():
    """queries/ecommerce needs no other folder: what it repeats is the same."""
    def statements(path):
        with open(os.path.join(QUERIES, path), encoding='utf-8') as f:
            return re.sub(r'--.*', '', f.read()).replace('${partitions}', '1').split()
    equal(statements('ecommerce/01_sources.sql'), statements('shop/10-sources.sql'))


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
