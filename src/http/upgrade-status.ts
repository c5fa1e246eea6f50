/** The status that an application writes to an upgraded connection by itself, seen in passing. */
import type { Socket } from 'node:net'

/** Looks at the first write to `socket`, tells its status (0 when it is none), and steps aside. */
export const noteStatus = (socket: Socket, tell: (status: number) => void): void => {
  socket.write = (...args: unknown[]): boolean => {
    Reflect.deleteProperty(socket, 'write')
    tell(Number(/^HTTP\/1\.\d (\d{3})/.exec(String(args[0]).slice(0, 16))?.[1] ?? 0))
    return Reflect.apply(socket.write, socket, args)
  }
}
