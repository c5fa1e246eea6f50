/**
 * TLS, with a certificate for each name, on port 8443: `tsgunicorn -c examples/tls.conf.ts examples/hello.ts`.
 * A pair to try it with:
 *
 *     openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=localhost -keyout key.pem -out cert.pem
 *
 * Renewed certificates are served after HUP: `kill -HUP "$(cat shop.pid)"`.
 */
import { defineConfig } from 'tsgunicorn'

export default defineConfig({
  bind: '127.0.0.1:8443',
  certfile: 'cert.pem',
  keyfile: 'key.pem',
  // For other names than the certificate's own:
  //   sni_certs: { '*.example.org': { certfile: 'wildcard.pem', keyfile: 'wildcard.key' } },
  // Clients must show a certificate of this authority:
  //   cert_reqs: 2,
  //   ca_certs: 'clients-ca.pem',
  ssl_context: (_config, factory) => ({ ...factory(), minVersion: 'TLSv1.3' }),
})
