/**
 * The agent listener (`agent_check_bind`): whoever connects is told in a line how the server is, and the connection
 * ends. Nothing that is sent is read for its meaning, and nobody holds a connection for long.
 */
import { createServer, type Server, type Socket } from 'node:net'
import type { Administration } from './administration.ts'
import { agentLine } from './agent.ts'
import { createOwnListener, type OwnListener, type OwnListenerOptions } from './own-listener.ts'

/** What is asked of the master here. */
export type AgentRequests = Pick<Administration, 'agent'>

/** The settings of these names. */
export interface AgentSettings {
  readonly agent_check_bind: string | undefined
}

export interface AgentOptions extends OwnListenerOptions {
  readonly administration: AgentRequests
}

/** Those who ask are a few balancers, every second or so. `patience`: milliseconds for the whole of a connection. */
const limits = { connections: 64, patience: 2000 }

export const createAgentListener = (options: AgentOptions): OwnListener<AgentSettings> =>
  createOwnListener<AgentSettings>(
    {
      setting: 'agent_check_bind',
      name: 'agent listener',
      offers: 'Agent checks',
      asked: ({ agent_check_bind }) => agent_check_bind,
      server: () => agentServer(options),
    },
    options,
  )

const agentServer = ({ administration, log }: AgentOptions): Server => {
  const server = createServer((socket) => {
    bound(socket)
    try {
      socket.end(`${agentLine(administration.agent())}\n`)
    } catch (thrown) {
      log.exception('The agent listener could not answer', thrown)
      socket.destroy()
    }
  })
  server.maxConnections = limits.connections
  return server
}

const bound = (socket: Socket): void => {
  const timer = setTimeout(() => socket.destroy(), limits.patience).unref()
  socket.once('close', () => clearTimeout(timer))
  // Who has gone needs no line.
  socket.on('error', () => socket.destroy())
  // `agent-send`: left unread, it would reset the connection under the line.
  socket.resume()
}
