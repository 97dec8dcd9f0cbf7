"""What tests of the source `http-server` share: a client, statements, an engine that listens."""
import http.client
import json
import socket

import ports
from case import must, until


class Client:
    def __init__(self, port, seconds=60):
        self.port = port
        self.http = http.client.HTTPConnection('127.0.0.1', port, timeout=seconds)

    def close(self):
        self.http.close()

    def ask(self, method, path, body=None, headers=None):
        """Status, headers, body."""
        self.http.request(method, path, body, headers or {})
        answer = self.http.getresponse()
        return answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()

    def post(self, path, body, headers=None, **more):
        if not isinstance(body, (bytes, str)):
            body = json.dumps(body)
        headers = {'Content-Type': 'application/json', **(headers or {}), **more}
        status, told, text = self.ask('POST', path, body, headers)
        try:
            return status, json.loads(text) if text else None, told
        except ValueError:
            return status, text, told


def event(user, kind='view', **more):
    return {'userId': user, 'eventType': kind, **more}


def listens(port):
    try:
        socket.create_connection(('127.0.0.1', port), 1).close()
        return True
    except OSError:
        return False


def source(name='events', **options):
    given = {'connector': 'http-server', 'path': '/in', 'topic': 'events'}
    given.update({k.replace('__', '-').replace('_', '.'): v for k, v in options.items()})
    text = ', '.join("'%s'='%s'" % (k, str(v).replace("'", "''")) for k, v in given.items())
    return 'CREATE SOURCE CONNECTOR %s WITH (%s);\n' % (name, text)


def serve(case, sql, *options, **more):
    """Starts it with %d in the statements as a free port. The engine and a client."""
    port = ports.hold()
    engine = case.start(sql.replace('%d', str(port)), *options, **more)
    until(lambda: listens(port) or engine.process.poll() is not None, what='nobody listens')
    must(engine.process.poll() is None, engine.err())
    return engine, Client(port)


def opened(case, *options, data='data', **more):
    return serve(case, source(listen='127.0.0.1:%d', **more), *options, data=data)


def values(case, topic='events'):
    return [r['value'] for r in case.topic(topic)]
