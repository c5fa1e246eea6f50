/** A site for nginx: what stands in `http { }`, as a file of /etc/nginx/conf.d. */
import {
  addressFor,
  answerSeconds,
  type Facts,
  identifierOf,
  proxyIdleSeconds,
  reachable,
  refusal,
} from './facts.ts'
import { lines, type Recipe } from './recipe.ts'

const upstreamOf = (facts: Facts): string => {
  const address = addressFor('nginx', facts, ['unix', 'tcp'])
  return address.kind === 'unix' ? `unix:${address.path}` : reachable(address)
}

const site = (facts: Facts): string => {
  if (facts.tls)
    throw refusal(
      'nginx',
      'the server speaks TLS itself (certfile), and nginx is to do it. Leave certfile and keyfile out.',
    )
  if (facts.proxyProtocol !== 'off')
    throw refusal(
      'nginx',
      'proxy_protocol is on, and nginx sends no PROXY header to HTTP servers. Leave the setting out.',
    )
  const { name, directory, limitRequestBody, keepalive, project } = facts
  const idle = proxyIdleSeconds(facts)
  const variable = `$${identifierOf(facts)}_connection`
  return lines(
    `upstream ${name} {`,
    `    server ${quoted(upstreamOf(facts))};`,
    ...(idle === 0
      ? []
      : [
          `    # Idle connections that each worker of nginx keeps. nginx ends them before tsgunicorn does (keepalive is`,
          `    # ${keepalive}): a request that meets a closing connection is a 502.`,
          '    keepalive 32;',
          `    keepalive_timeout ${idle}s;`,
        ]),
    '}',
    '',
    '# A request for another protocol (websockets) is passed on as one; other connections are kept.',
    `map $http_upgrade ${variable} {`,
    '    default upgrade;',
    `    '' ${idle === 0 ? 'close' : "''"};`,
    '}',
    '',
    'server {',
    `    listen ${facts.listen ?? '80'};`,
    '    server_name _;',
    '',
    limitRequestBody === 0
      ? '    # The largest body; the default of nginx is 1m. limit_request_body bounds it without nginx.'
      : '    # The largest body: limit_request_body.',
    `    client_max_body_size ${limitRequestBody === 0 ? '10m' : limitRequestBody};`,
    '',
    ...(project.django
      ? [
          '    location /static/ {',
          '        # STATIC_ROOT, which `manage.py collectstatic` fills.',
          `        alias ${quoted(`${directory}/static/`)};`,
          '        expires 1h;',
          '    }',
          '',
        ]
      : []),
    '    location / {',
    `        proxy_pass http://${name};`,
    '        proxy_http_version 1.1;',
    `        proxy_set_header Connection ${variable};`,
    '        proxy_set_header Upgrade $http_upgrade;',
    '',
    "        # tsgunicorn believes what stands here: nothing of it may be the client's word. Behind another proxy",
    '        # X-Forwarded-For is $proxy_add_x_forwarded_for, and forwarded_allow_ips names that proxy, too.',
    '        proxy_set_header Host $host;',
    '        proxy_set_header X-Forwarded-For $remote_addr;',
    '        proxy_set_header X-Forwarded-Proto $scheme;',
    '        proxy_set_header X-Forwarded-Host $host;',
    "        proxy_set_header Forwarded '';",
    '        proxy_set_header X-Request-ID $request_id;',
    '',
    '        proxy_connect_timeout 5s;',
    facts.language === 'node'
      ? '        # Between two reads of an answer. Websockets that are silent for longer need pings.'
      : "        # Between two reads of an answer; longer than timeout, so that the 504 is tsgunicorn's, and in its log.",
    `        proxy_read_timeout ${answerSeconds(facts)}s;`,
    '        # Whole bodies first: slow clients keep nginx busy, and no worker. Answers alike; a stream says',
    '        # X-Accel-Buffering: no.',
    '        proxy_request_buffering on;',
    '        proxy_buffering on;',
    '        # With more servers above: another one is tried when a connection fails, once. Not after a timeout, which',
    '        # would have a slow request done twice.',
    '        proxy_next_upstream error;',
    '        proxy_next_upstream_tries 2;',
    '        proxy_next_upstream_timeout 10s;',
    '    }',
    '}',
  )
}

/** A path in nginx's words. */
const quoted = (path: string): string =>
  /[\s;{}'"\\$#]/.test(path) ? `"${path.replaceAll('"', '\\"')}"` : path

export const nginx: Recipe = {
  summary: 'a site for nginx: kept connections, forwarded headers, websockets, timeouts',
  files: (facts) => ({ 'deploy/nginx.conf': site(facts) }),
  next: ({ name, keepalive }) => [
    ...(keepalive < 10
      ? [
          `# keepalive is ${keepalive}, which is short for a proxy: set it to 65, and write this again with --force.`,
        ]
      : []),
    `sudo cp deploy/nginx.conf /etc/nginx/conf.d/${name}.conf`,
    'sudo nginx -t && sudo systemctl reload nginx',
    '# Debian serves a page of its own on port 80: sudo rm /etc/nginx/sites-enabled/default',
  ],
}
