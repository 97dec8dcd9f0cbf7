"""Certificates for tests, made by openssl's command.

    c = certificates.make(folder, names=['localhost', '127.0.0.1'])
    c.ca            the authority that has signed the others
    c.server, c.server_key
    c.expired, c.expired_key    the same names, a time that is over
    c.client, c.client_key      for servers that ask for one
    c.other_ca      an authority that has signed none of them

All are paths of PEM files; keys have no password. Made once per folder.
"""
import os
import re
import subprocess
import types

DAYS = '3650'
KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-noenc']
CONFIG = """
[ca]
default_ca = here
[here]
new_certs_dir = .
database = index
serial = serial
default_md = sha256
unique_subject = no
copy_extensions = copy
policy = any
[any]
commonName = supplied
"""


def openssl(folder, *arguments):
    done = subprocess.run(['openssl'] + list(arguments), cwd=folder, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode:
        raise RuntimeError('openssl %s: %s' % (arguments[0], done.stdout.strip()))


def authority(folder, name):
    openssl(folder, 'req', '-x509', *KEY, '-keyout', name + '.key', '-out', name + '.pem', '-days', DAYS,
            '-subj', '/CN=test authority ' + name, '-addext', 'keyUsage=critical,keyCertSign')


def signed(folder, name, names, start, end):
    is_address = re.compile(r'[0-9.]+|.*:.*').fullmatch
    alternatives = ','.join(('IP:' if is_address(n) else 'DNS:') + n for n in names)
    openssl(folder, 'req', '-new', *KEY, '-keyout', name + '.key', '-out', name + '.csr',
            '-subj', '/CN=' + names[0], '-addext', 'subjectAltName=' + alternatives)
    openssl(folder, 'ca', '-batch', '-config', 'ca.conf', '-cert', 'ca.pem', '-keyfile', 'ca.key',
            '-in', name + '.csr', '-out', name + '.pem', '-notext', '-startdate', start, '-enddate', end)


def make(folder, names=('localhost', '127.0.0.1', '::1')):
    path = lambda name: os.path.join(os.path.abspath(folder), name)    # noqa: E731
    if not os.path.exists(path('client.pem')):
        os.makedirs(folder, exist_ok=True)
        for name, text in (('ca.conf', CONFIG), ('index', ''), ('serial', '01\n')):
            with open(path(name), 'w') as f:
                f.write(text)
        authority(folder, 'ca')
        authority(folder, 'other_ca')
        signed(folder, 'server', list(names), '20200101000000Z', '20991231000000Z')
        signed(folder, 'expired', list(names), '20200101000000Z', '20200201000000Z')
        signed(folder, 'client', ['client'], '20200101000000Z', '20991231000000Z')
    return types.SimpleNamespace(
        ca=path('ca.pem'), other_ca=path('other_ca.pem'), server=path('server.pem'),
        server_key=path('server.key'), expired=path('expired.pem'), expired_key=path('expired.key'),
        client=path('client.pem'), client_key=path('client.key'))
