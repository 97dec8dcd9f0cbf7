"""Signature Version 4 as AWS describes it, from what a server has got: does the signature fit the request?

    aws_signature.must_fit(request, 'eu-west-1', 'es', id, secret)      # of http_peer
"""
import hashlib
import hmac
import re
from urllib.parse import quote, unquote


def of(method, path, headers, body, names, secret, scope, date):
    """The signature, in hexadecimal."""
    path, _, query = path.partition('?')
    pairs = [p.partition('=') for p in query.split('&') if p]
    pairs = sorted((quote(unquote(name), safe='-_.~'), quote(unquote(value), safe='-_.~')) for name, _, value in pairs)
    path = path if scope[2] == 's3' else quote(path, safe='/-_.~')
    request = '\n'.join([method, path, '&'.join('%s=%s' % p for p in pairs),
                         ''.join('%s:%s\n' % (n, ' '.join(headers[n].split())) for n in names), ';'.join(names),
                         hashlib.sha256(body).hexdigest()])
    text = '\n'.join(['AWS4-HMAC-SHA256', date, '/'.join(scope), hashlib.sha256(request.encode()).hexdigest()])
    key = ('AWS4' + secret).encode()
    for part in scope:
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def must_fit(request, region, service, key_id, secret):
    """Raises what does not."""
    found = re.fullmatch(r'AWS4-HMAC-SHA256 Credential=([^,]*), SignedHeaders=([^,]*), Signature=([0-9a-f]{64})',
                         request.headers['authorization'])
    who, names, signature = found.groups()
    names = names.split(';')
    date = request.headers['x-amz-date']
    scope = [date[:8], region, service, 'aws4_request']
    if who != '/'.join([key_id] + scope):
        raise ValueError('the scope is %s' % who)
    for name in request.headers:
        if (name.startswith('x-amz-') or name in ('host', 'content-type')) and name not in names:
            raise ValueError('%s is not signed' % name)
    if signature != of(request.method, request.path, request.headers, request.body, names, secret, scope, date):
        raise ValueError('the signature does not fit %s %s' % (request.method, request.path))
