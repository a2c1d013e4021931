# SPDX-License-Identifier: Apache-2.0
"""What hubsim answers, over HTTP, as TAP: orders, cursors, filters, refusals, quotas, faults, both populations, accounts.

Usage: check.py path/to/hubsim [folder of recorded elements, ../shared/hub-recorded]
"""
import os, subprocess, sys, json, urllib.request, urllib.parse, re, base64, time, http.client, signal, gzip
SIM = sys.argv[1]

class Sim:

    def __init__(s, *a):
        s.p = subprocess.Popen([SIM, *a], stdout=subprocess.PIPE, text=True)
        s.u = s.p.stdout.readline().strip()
        s.host = s.u[7:]

    def get(s, path, **h):
        c = http.client.HTTPConnection(s.host, timeout=20)
        c.request('GET', path, headers=h)
        r = c.getresponse()
        b = r.read()
        c.close()
        return (r, b)

    def js(s, path, **h):
        r, b = s.get(path, **h)
        return json.loads(b)

    def walk(s, path):
        out = []
        n = 0
        while path:
            r, b = s.get(path)
            assert r.status == 200, (path, r.status, b[:200])
            out += json.loads(b)
            n += 1
            l = re.findall('<([^>]+)>;\\s+rel="next"', r.headers.get('link', '')) + [x for v in r.headers.get_all('link') or [] for x in re.findall('<([^>]+)>;\\s+rel="next"', v)]
            path = l[0][len(s.u):] if l else None
            if l:
                assert l[0].startswith(s.u)
        return out

    def end(s):
        t = time.time()
        s.p.send_signal(signal.SIGTERM)
        rc = s.p.wait(10)
        assert rc == 0, rc
        assert time.time() - t < 3
n = [0]

def ok(c, m):
    n[0] += 1
    print('%s %d - %s' % ('ok' if c else 'not ok', n[0], str(m).replace('\n', ' ').replace('#', ' ')))

def orders(S, kind, sorts, total, limit=700):
    ids = None
    for so, d in sorts:
        w = S.walk('/api/%s?limit=%d&sort=%s&direction=%s&full=true&expand=likes&expand=createdAt&expand=lastModified&expand=trendingScore' % (kind, limit, so, d) + ('&expand=downloads' if kind != 'spaces' else ''))
        got = [x['_id'] for x in w]
        ok(len(got) == total == len(set(got)), '%s %s all %d/%d' % (kind, so, len(got), total))
        if ids is None:
            ids = set(got)
        ok(set(got) == ids, 'same set')
        if so == 'createdAt':
            ok(got == sorted(got, reverse=d == '-1'), 'order')
        else:
            m = {'lastModified': lambda x: x.get('lastModified', '')}.get(so, lambda x: x.get(so, -1000000000.0))
            ks = [m(x) for x in w]
            ok(ks == sorted(ks, reverse=True), 'desc ' + so)
            ok(all((w[i]['_id'] < w[i + 1]['_id'] for i in range(len(w) - 1) if ks[i] == ks[i + 1])), 'ties ' + so)
S = Sim('--models', '9000', '--datasets', '3500', '--spaces', '2500', '--quota', '0')
st = [('createdAt', '1'), ('createdAt', '-1'), ('downloads', '-1'), ('likes', '-1'), ('trendingScore', '-1'), ('lastModified', '-1')]
orders(S, 'models', st, 9000)
orders(S, 'datasets', st, 3500)
orders(S, 'spaces', [x for x in st if x[0] != 'downloads'], 2500)
ok(S.get('/api/spaces?sort=downloads')[0].status == 400, 'spaces downloads')
m = S.walk('/api/models?limit=1000&sort=createdAt&direction=1&expand[]=tags&expand[]=author&expand[]=baseModels&expand[]=gated&expand=pipeline_tag')
ok(len({x['id'].lower() for x in m}) == 9000, 'unique ids')
byid = {x['_id']: x for x in m}
bad = 0
for x in m:
    for b in x.get('baseModels', {}).get('models', []):
        t = x['tags']
        if byid[b['_id']]['id'] != b['id'] or 'base_model:' + b['id'] not in t or 'base_model:%s:%s' % (x['baseModels']['relation'], b['id']) not in t or (b['_id'] >= x['_id']):
            bad += 1
ok(bad == 0, 'bases consistent %d' % bad)
ok(all((list(x)[:2] == ['_id', 'id'] for x in m)), 'keys')
ok(all((re.fullmatch('(\\b[\\w\\-.]+\\b/)?\\b[\\w\\-.]{1,96}\\b', x['id']) and '--' not in x['id'] and ('..' not in x['id']) for x in m)), 'id syntax ' + str([x['id'] for x in m if not re.fullmatch('(\\b[\\w\\-.]+\\b/)?\\b[\\w\\-.]{1,96}\\b', x['id'])][:3]))
a = S.walk('/api/models?limit=7&sort=createdAt&author=QWEN')
ok(len(a) == sum((x['author'] == 'Qwen' for x in m)) > 10, 'author %d' % len(a))
f = S.walk('/api/models?filter=safetensors&filter=license:mit&limit=100')
ok(len(f) == sum(('safetensors' in x['tags'] and 'license:mit' in x['tags'] for x in m)) > 10, 'filter')
f2 = S.walk('/api/models?filter=safetensors,license:mit&sort=likes')
ok({x['_id'] for x in f} == {x['_id'] for x in f2}, 'comma')
s2 = S.walk('/api/models?search=gguf&search=qwen&limit=50')
ok(len(s2) == sum(('gguf' in x['id'].lower() and 'qwen' in x['id'].lower() for x in m)) > 10, 'search')
g = S.walk('/api/models?gated=true')
ok(len(g) == sum((x['gated'] != False for x in m)), 'gated')
ok(len(S.js('/api/models?limit=5000')) == 1000, 'clamp')
ok(len(S.js('/api/models')) == 1000, 'default')
for c in ('{"_id":{"$gt":"621ffdc00000000000000000"}}', '{"_id":{"$lt":"67e454cdffffffffffffffff"}}'):
    e = base64.b64encode(c.encode()).decode()
    d = '1' if 'gt' in c else '-1'
    rr = [S.get('/api/models?limit=3&sort=createdAt&direction=%s&cursor=%s' % (d, v)) for v in (urllib.parse.quote(e, safe=''), e.rstrip('='), e.replace('+', '-').replace('/', '_'))]
    ok(len({b for r, b in rr}) == 1 and rr[0][0].status == 200, 'crafted')
for c in ('abc', 'e30=', 'eyJfaWQiOnsiJGd0IjoiMTIzIn19', '%00', 'AAAA===='):
    ok(S.get('/api/models?sort=createdAt&cursor=' + c)[0].status == 400, 'bad cursor ' + c)
one = m[500]
r, b = S.get('/api/models/' + one['id'])
ok(r.status == 200 and json.loads(b)['_id'] == one['_id'], 'single')
r, b = S.get('/api/models/' + one['id'].swapcase())
ok(r.status == 307 and r.headers['location'] == '/api/models/' + one['id'], 'case 307')
r, b = S.get('/api/models/' + one['id'] + '/revision/main?expand=usedStorage&expand[]=sha')
ok(r.status == 200 and set(json.loads(b)) <= {'_id', 'id', 'usedStorage', 'sha'}, 'rev')
r, b = S.get('/api/models/nobody/nothing')
ok(r.status == 401 and json.loads(b) == {'error': 'Invalid username or password.'}, '401')
r, b = S.get('/api/models/nobody/nothing?expand=foo')
ok(r.status == 400 and b'must be one of [author' in b, 'single 400')
ren = 0
for x in m[:600]:
    o, nn = x['id'].split('/')
    r, b = S.get('/api/models/%s/old-%s' % (o, nn))
    if r.status == 307:
        ren += 1
        ok(r.headers['location'] == '/api/models/' + x['id'], 'ren')
ok(ren > 0, 'renamed %d' % ren)
j = S.js('/models-json?p=1&withCount=true&sort=created')
ok(j['numTotalItems'] == 9000 and len(j['models']) == 30 and (j['pageIndex'] == 1) and (j['numItemsPerPage'] == 30), 'json')
j = S.js('/spaces-json?withCount=true')
ok(j['numTotalItems'] == 2500 and len(j['spaces']) == 24, 'sjson')
j = S.js('/models-json?author=qwen&withCount=true')
ok(j['numTotalItems'] == len(a), 'count author')
ok('numTotalItems' not in S.js('/models-json'), 'no count')
us = [x['author'] for x in m if x['author'] not in ('Qwen',)][3]
ok(S.get('/api/organizations/qwen/overview')[0].status == 200 and S.get('/api/users/Qwen/overview')[0].status == 404, 'org split')
o = S.js('/api/organizations/qwen/overview')
ok(o['name'] == 'Qwen' and o['numModels'] == len(a), 'overview')
inv = [x['author'] for x in m if re.search('\\d', x['author'])][5]
ok(S.js('/api/users/%s/overview' % inv.upper())['user'] == inv and S.get('/api/organizations/%s/overview' % inv)[0].status == 404, 'user ' + inv)
ok(S.get('/robots.txt')[0].status == 200 and S.get('/nothing')[0].status == 404, 'robots')
r, b = S.get('/api/models?limit=100', **{'Accept-Encoding': 'gzip'})
ok(r.headers['content-encoding'] == 'gzip' and len(json.loads(gzip.decompress(b))) == 100, 'gzip')
ok(S.get('/api/models?limit=1', Authorization='Bearer hf_x')[0].status == 401, 'bad token')
d = S.js('/api/models?limit=1')[0]
ok(list(d)[:4] == ['_id', 'id', 'likes', 'trendingScore'] and d['modelId'] == d['id'] and ('author' not in d), 'default keys')
d = S.js('/api/models?limit=1&full=true')[0]
ok('siblings' in d and 'sha' in d, 'full')
S.end()
S = Sim('--quota', '5/1.5', '--token', 'hf_T', '--token-quota', '7/300')
c = [S.get('/api/models?limit=1') for _ in range(7)]
ok([r.status for r, _ in c] == [200] * 5 + [429] * 2, '429')
ok([r.headers['ratelimit'] for r, _ in c][0] == '"api";r=4;t=2', 'rl ' + c[0][0].headers['ratelimit'])
ok(c[6][0].headers['ratelimit'].startswith('"api";r=0') and b'your IP' in c[6][1] and (c[0][0].headers['ratelimit-policy'] == '"fixed window";"api";q=5;w=2'), 'rl2')
time.sleep(1.6)
ok(S.get('/api/models?limit=1')[0].status == 200, 'reset')
c = [S.get('/api/models?limit=1', Authorization='Bearer hf_T') for _ in range(8)]
ok([r.status for r, _ in c] == [200] * 7 + [429] and b'quota of 7 api' in c[7][1], 'token')
ok(S.js('/.hubsim/stats')['too_many_requests'] == 3, 'stats')
S.end()

def f(*a):
    return Sim('--models', '3000', '--quota', '0', *[y for x in a for y in ('--fault', x)])
U = '/api/models?limit=1000&sort=createdAt&direction=1&expand=tags'
for x, sc in (('504', 504), ('502', 502), ('500', 500)):
    S = f(x)
    ok(S.get(U)[0].status == sc, x)
    S.end()
S = f('504@every:3')
ok([S.get(U)[0].status for _ in range(6)] == [200, 200, 504] * 2, 'every')
S.end()
for x in ('truncate', 'not-json', 'html'):
    S = f(x)
    r, b = S.get(U)
    try:
        json.loads(b)
        ok(False, x)
    except ValueError:
        ok(r.status == 200, x)
    S.end()
S = f('reset')
e = 0
for _ in range(4):
    try:
        S.get(U)
    except Exception:
        e += 1
ok(e == 4, 'reset')
S.end()
import socket
for x in ('stall', 'drip'):
    S = f(x)
    s = socket.create_connection(S.host.split(':'))
    s.send(b'GET /api/models?limit=20 HTTP/1.1\r\nHost: x\r\n\r\n')
    s.settimeout(1.0)
    t = time.time()
    got = b''
    try:
        while time.time() - t < 1:
            got += s.recv(4096)
    except socket.timeout:
        pass
    b = got.split(b'\r\n\r\n', 1)[1]
    ok(len(b) == 100 if x == 'stall' else 500 < len(b) < 1500, '%s %d' % (x, len(b)))
    S.end()
S = f('no-ratelimit')
ok(S.get(U)[0].headers['ratelimit'] is None, 'norl')
S.end()
S = f('nonsense-ratelimit')
ok(S.get(U)[0].status == 200, 'nonsense')
S.end()
S = f('stale-ratelimit')
ok(S.get(U)[0].headers['age'] == '29', 'stale')
S.end()
cr = '&cursor=' + base64.b64encode(b'{"_id":{"$gt":"67e454cd0000000000000000"}}').decode()
S = f('reject-cursor')
ok(S.get(U + cr)[0].status == 400 and len(S.walk(U)) == 3000, 'reject')
S.end()
S = f('ignore-cursor')
ok(S.js(U + cr)[0] == S.js(U)[0] and len(S.walk(U)) == 3000, 'ignore')
S.end()
S = f('no-direction')
ok(S.get(U)[0].status == 400 and S.get(U.replace('direction=1', 'direction=-1'))[0].status == 200, 'nodir')
S.end()
S = f('duplicate')
w = [x['_id'] for x in S.walk(U)]
ok(len(w) == 3003 and len(set(w)) == 3000, 'dup')
S.end()
S = f('out-of-order')
w = [x['_id'] for x in S.walk(U)]
ok(len(set(w)) == 3000 and w != sorted(w), 'ooo')
S.end()
S = f('hide@10%')
w = S.walk(U)
ok(2500 < len(w) < 2900 and len(S.walk('/api/models?sort=likes')) == 3000, 'hide %d' % len(w))
S.end()
S = f('poison@5%')
w = S.walk(U)
v = [x for x in w if isinstance(x, dict) and isinstance(x.get('_id'), str) and re.fullmatch('[0-9a-f]{24}', x['_id'])]
ok(len(v) == 3000 and len(w) > 3100, 'poison %d' % len(w))
S.end()
S = f('loop')
r, b = S.get(U)
l = [x for x in r.headers.get_all('link') if 'next' in x][0]
ok('cursor' not in l, 'loop')
S.end()
S = f('foreign-next')
r, b = S.get(U)
ok('hub.example.invalid' in str(r.headers.get_all('link')), 'foreign')
S.end()
S = Sim('--latency', '200..300', '--quota', '0')
import concurrent.futures as cf
t = time.time()
with cf.ThreadPoolExecutor(20) as e:
    r = list(e.map(lambda i: S.get('/api/models?limit=1')[0].status, range(20)))
ok(time.time() - t < 0.8 and set(r) == {200} and (S.js('/.hubsim/stats')['max_in_flight'] >= 15), 'latency %.2f' % (time.time() - t))
S.end()
S = Sim('--latency', '60000', '--quota', '0')
s = socket.create_connection(S.host.split(':'))
s.send(b'GET /api/models?limit=20 HTTP/1.1\r\nHost: x\r\n\r\n')
time.sleep(0.2)
S.end()
for a in (['--foo'], ['--models'], ['--models', 'x'], ['--fault', 'zzz'], ['--fault', '504@x'], ['--quota', 'a/b'], ['--latency', '-1'], ['--port', '99999'], ['--until', '2020-01-01'], ['--truth'], ['--help=1']):
    p = subprocess.run([SIM, *a], capture_output=True, text=True, timeout=5)
    ok(p.returncode == 2 and p.stderr.count('\n') == 1, str(a) + p.stderr)
p = subprocess.run([SIM, '--help'], capture_output=True, text=True)
ok(p.returncode == 0 and '--fault' in p.stdout, 'help')
def sim(*a):
    return Sim('--quota', '0', *a)

def names(rows):
    return [x['user'] for x in rows]

def accounts():
    S = sim('--models', '4000', '--datasets', '800', '--spaces', '500', '--users', '6000', '--quiet-orgs', '5', '--seed', '4')
    T = json.loads(subprocess.run([SIM, '--truth', '--orgs', 'jobs/orgs.csv', '--topics', 'jobs/topics.csv', '--models', '4000', '--datasets', '800', '--spaces', '500', '--users', '6000', '--quiet-orgs', '5', '--seed', '4'], capture_output=True, text=True).stdout)
    A = T['accounts']
    repos = {k: S.walk('/api/%s?limit=1000&sort=likes&expand=author&expand=likes' % k) for k in ('models', 'datasets', 'spaces')}
    owners = {x['author'] for v in repos.values() for x in v}
    ok(len({x.lower() for x in owners}) == A['owners'] == T['figures']['totals.owners']['value']['all'], 'owners %d' % len(owners))
    USER = ['avatarUrl', 'fullname', 'isPro', 'user', 'type', '_id']
    spelled = {}
    kind, ids, found, shapes = {}, {}, {k: set() for k in A['by_source']}, {}
    asked = {}

    def see(source, rows):
        for x in rows:
            n = (x.get('user') or x['name']).lower()
            found[source].add(n)
            ids.setdefault(n, set()).add(x.get('_id') or x.get('id'))
            spelled.setdefault(n, set()).add(x.get('user') or x['name'])
            kind[n] = 'organization' if source == 'overview' else 'user'
            shapes.setdefault(source, set()).add(tuple(x))
            if n not in asked:
                asked[n] = None
                todo.append(n)
    todo = []
    for n in sorted({x.lower() for x in owners}):
        asked[n] = None
        todo.append(n)
    found['owners'] = set(todo)
    likers = {}
    for k, v in repos.items():
        for x in v:
            if x['likes']:
                w = S.walk('/api/%s/%s/likers?limit=1000' % (k, x['id']))
                likers[k, x['id']] = {n.lower() for n in names(w)}
                see('likers', w)
                if len(w) != x['likes'] or len(likers[k, x['id']]) != x['likes']:
                    ok(False, 'likers of ' + x['id'])
    ok(True, 'as many likers as likes')
    wrong = []
    links = {}
    for n in todo:
        r, b = S.get('/api/users/%s/overview' % n)
        if r.status == 200:
            o = json.loads(b)
            kind[n] = 'user'
            see('overview', o['orgs'])
            got = {}
            if o['numFollowers']:
                got['followers'] = S.walk('/api/users/%s/followers' % n)
            if o['numFollowing']:
                got['following'] = S.walk('/api/users/%s/following' % n)
            if len(got.get('followers', [])) != o['numFollowers'] or len(got.get('following', [])) != o['numFollowing']:
                wrong.append(n)
            if o['user'].lower() != n or o['type'] != 'user' or int(o['_id'][:8], 16) != time.mktime(time.strptime(o['createdAt'], '%Y-%m-%dT%H:%M:%S.000Z')) - time.timezone:
                wrong.append(n)
        else:
            r, b = S.get('/api/organizations/%s/overview' % n)
            o = json.loads(b)
            kind[n] = 'organization'
            if r.status != 200 or o['name'].lower() != n:
                wrong.append(n)
                continue
            got = {'organization_followers': S.walk('/api/organizations/%s/followers' % n)}
            r, b = S.get('/api/organizations/%s/members' % n)
            if r.status == 200:
                got['members'] = S.walk('/api/organizations/%s/members?limit=10' % n)
            elif r.status != 403 or 'error' not in json.loads(b):
                wrong.append(n)
            if len(got['organization_followers']) != o['numFollowers'] or len(got.get('members', [])) not in (0, o['numUsers']):
                wrong.append(n)
        ids.setdefault(n, set()).add(o['_id'])
        links[n] = {k: {x['user'].lower() for x in v} for k, v in got.items()}
        for source, rows in got.items():
            see(source, rows)
    ok(wrong == [], 'overviews and lists agree %s' % wrong[:5])
    ok(len(todo) == len(set(todo)) == A['observable']['all'] == A['population']['all'], 'all %d accounts are seen by asking all' % len(todo))
    ok({t: sum((kind[n] == t for n in todo)) for t in ('user', 'organization')} == {t: A['observable'][t] for t in ('user', 'organization')}, 'types')
    ok({k: len(v) for k, v in found.items()} == {k: v['accounts'] for k, v in A['by_source'].items()}, 'sources as --truth says %s' % {k: len(v) for k, v in found.items()})
    one = {n: v - {None} for n, v in ids.items()}
    ok(all((len(v) == 1 and re.fullmatch('[0-9a-f]{24}', list(v)[0]) for v in one.values())), 'one _id each')
    years = {}
    for n, v in one.items():
        y = time.gmtime(int(list(v)[0][:8], 16)).tm_year
        years[str(y)] = years.get(str(y), 0) + 1
    ok(years == {k: v['all'] for k, v in A['by_year'].items()}, 'years %s' % years)
    ok(all((shapes[k] == {tuple(USER)} for k in ('followers', 'following', 'members', 'organization_followers'))), 'rows of users')
    ok(shapes['overview'] == {('id', 'name', 'fullname', 'avatarUrl')}, 'rows of organisations')
    ok(all((set(x) <= {'user', 'fullname', 'avatarUrl', 'isPro', 'type', '_id'} and {'user', 'fullname', 'avatarUrl', 'type'} <= set(x) for x in shapes['likers'])) and len(shapes['likers']) == 4, 'rows of likers')
    ok(all((n in links[m].get('following', ()) for n in links for m in links[n].get('followers', ()))), 'followers follow')
    a = [n for n in links if len(links[n].get('followers', ())) > 60][0]
    full = S.walk('/api/users/%s/followers' % a.upper())
    part = S.walk('/api/users/%s/followers?limit=7' % a)
    ok(full == part, 'pages of 7')
    both = [v for v in spelled.values() if len(v) == 2]
    ok(len(both) > 100 and all((len(v) <= 2 for v in spelled.values())), 'two letter cases: %s' % sorted(both[0]))
    r, b = S.get('/api/users/%s/followers?limit=7' % a)
    cur = re.findall('cursor=([0-9a-f]{24})>; rel="next"', str(r.headers.get_all('link')))
    ok(len(cur) == 1 and S.get('/api/users/%s/followers?cursor=%s' % (a, cur[0]))[0].status == 200, 'cursor')
    ok(S.get('/api/users/%s/followers?cursor=%s' % (names(full)[0], cur[0]))[0].status == 400 and S.get('/api/users/%s/followers?cursor=zz' % a)[0].status == 400, "another list's cursor")
    orgs = [n for n in links if kind[n] == 'organization']
    for l, st in ((9, 400), (10, 200), (10000, 200), (10001, 400), ('x', 400)):
        ok(S.get('/api/organizations/qwen/members?limit=%s' % l)[0].status == st, 'members limit=%s' % l)
    ok(S.get('/api/users/qwen/followers')[0].status == 404 and S.get('/api/organizations/%s/members' % a)[0].status == 404 and S.get('/api/organizations/qwen/following')[0].status == 404, 'kinds')
    ok(json.loads(S.get('/api/organizations/qwen/avatar')[1]).keys() == {'avatarUrl'} and S.get('/api/users/qwen/avatar')[0].status == 404 and S.get('/api/users/%s/avatar' % a)[0].status == 200, 'avatars')
    hidden = [n for n in orgs if S.js('/api/organizations/%s/overview' % n)['numUsers'] and (not links[n].get('members'))]
    st = {S.get('/api/organizations/%s/members' % n)[0].status for n in hidden}
    ok(st == {200, 403}, 'private members %s' % st)
    m = max((n for n in orgs if links[n].get('members')), key=lambda n: len(links[n]['members']))
    ok({x['user'].lower() for x in S.walk('/api/organizations/%s/members?limit=10&search=a' % m)} == {n for n in links[m]['members'] if 'a' in n}, 'search members')
    liked, empty, pages = {}, 0, 0
    for n in sorted({n for v in likers.values() for n in v})[:250]:
        path = '/api/users/%s/likes?limit=10' % n
        times = []
        while path:
            r, b = S.get(path)
            rows = json.loads(b)
            pages += 1
            l = re.findall('<([^>]+)>;\\s+rel="next"', str(r.headers.get_all('link')))
            path = l[0][len(S.u):] if l else None
            empty += path is not None and rows == []
            times += [x['createdAt'] for x in rows]
            for x in rows:
                liked.setdefault(n, []).append((x['repo']['type'] + 's', x['repo']['name']))
        if times != sorted(times, reverse=True):
            ok(False, 'likes of %s are not the newest first' % n)
    ok(all((len(v) == len(set(v)) and all((n in likers[x] for x in v)) for n, v in liked.items())), 'likes are likes')
    ok(sum((len(v) for v in liked.values())) == sum((n in likers[x] for x in likers for n in liked)) and len(liked) == 250, 'and all of them')
    ok(empty > 5 and pages > 270, '%d empty pages with a next link of %d' % (empty, pages))
    ok(S.js('/api/users/%s/overview' % n)['numLikes'] == len(liked[n]), 'numLikes')
    x = repos['models'][0]['id']
    ok(S.get('/api/models/%s/likers' % x.upper())[0].status == 307 and S.get('/api/models/no/where/likers')[0].status == 401, 'likers of other names')
    ok(S.js('/.hubsim/stats')['by_class']['accounts'] > 1000, 'stats')
    d = {x['author']: x['authorData'] for x in S.js('/models-json?sort=likes')['models']}
    ok(all((d[n]['type'] == {'user': 'user', 'organization': 'org'}[kind[n.lower()]] and d[n]['_id'] in ids[n.lower()] for n in d)), 'authorData')
    S.end()
    S = sim('--models', '4000', '--users', '6000', '--seed', '4', '--fault', 'vanish@30%')
    w = S.walk('/api/organizations/qwen/followers')
    c = [S.get('/api/users/%s/overview' % n)[0].status for n in names(w)[-100:]]
    e = [S.get('/api/users/%s/followers' % n)[0].status for n in names(w)[-100:]]
    ok(set(c) == {200, 404} and c.count(404) > e.count(404) > 0, 'vanished: %d of 100, %d at once' % (c.count(404), e.count(404)))
    S.end()
    S = sim('--models', '100', '--fault', 'withdraw@50%')
    c = [S.get('/api/models/%s/likers' % x['id'])[0].status for x in S.walk('/api/models')]
    ok(len(c) == 100 and set(c) == {200, 401} and 30 < c.count(401) < 70, 'withdrawn: %d of 100' % c.count(401))
    S.end()
    S = sim('--models', '4000', '--users', '6000', '--seed', '4', '--fault', 'poison@20%', '--fault', 'duplicate')
    v = [x for x in S.walk('/api/organizations/qwen/followers') if isinstance(x, dict) and isinstance(x.get('user'), str) and re.fullmatch('[A-Za-z0-9-]{2,42}', x['user'])]
    ok({x['user'] for x in v} == set(names(w)) and len(v) > len(w), 'poison')
    S.end()
    S = Sim('--quota', '3/300')
    ok([S.get('/api/organizations/qwen/followers')[0].status for _ in range(4)] == [200] * 3 + [429], 'accounts count')
    S.end()
    a = [json.loads(subprocess.run([SIM, '--truth', '--orgs', 'jobs/orgs.csv', '--topics', 'jobs/topics.csv', '--users', '20000', '--models', '9000', '--graph', g, '--capture', '20%'], capture_output=True, text=True).stdout)['accounts'] for g in ('independent', 'dependent')]
    ok(all((abs(a[0]['by_source'][k]['accounts'] / a[0]['population']['user'] - 0.2) < 0.01 for k in ('members', 'organization_followers', 'followers', 'following', 'likers'))) and a[0]['observable']['all'] < a[0]['population']['all'] == a[1]['observable']['all'], 'independent')
    for x in (['--graph', 'x'], ['--capture', '20'], ['--deep', '101%'], ['--quiet-orgs', '-1'], ['--fault', 'vanish@x']):
        ok(subprocess.run([SIM, *x], capture_output=True, timeout=5).returncode == 2, str(x))
accounts()
REC = sys.argv[2] if len(sys.argv) > 2 else '../shared/hub-recorded'
if not os.path.exists(REC + '/models.jsonl.gz'):
    print('1..%d # no recorded elements at %s: the rest is left out' % (n[0], REC))
    sys.exit()
S = Sim('--replay', REC, '--quota', '0')
rec = [json.loads(l) for l in gzip.open(REC + '/models.jsonl.gz')]
w = S.walk('/api/models?limit=1000&sort=createdAt&direction=1&' + '&'.join(('expand[]=' + k for k in ('author', 'createdAt', 'lastModified', 'gated', 'disabled', 'downloads', 'downloadsAllTime', 'likes', 'pipeline_tag', 'library_name', 'safetensors', 'baseModels', 'tags'))))
K = {'_id', 'id', 'author', 'createdAt', 'lastModified', 'gated', 'disabled', 'downloads', 'downloadsAllTime', 'likes', 'pipeline_tag', 'library_name', 'safetensors', 'baseModels', 'tags'}
ok(w == sorted(({k: v for k, v in r.items() if k in K} for r in rec), key=lambda r: r['_id']), 'replay verbatim')
orders(S, 'models', st, 15904, 1000)
orders(S, 'datasets', st, 1518, 300)
ok(S.js('/api/spaces') == [], 'no spaces')
ok(S.js('/spaces-json?withCount=true')['numTotalItems'] == 0, '0')
x = rec[77]
ok(S.js('/api/models/' + x['id']) == x, 'single rec')
ok(S.js('/api/users/%s/overview' % x['author'])['user'] == x['author'], 'user rec')
S.end()
print('1..%d' % n[0])
