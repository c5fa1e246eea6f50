/** An order in a few words, for the log and for those who watch. */
import type { Order } from '../../control/administration.ts'

export function orderWords(order: Order): string {
  switch (order.do) {
    case 'scale':
      return 'to' in order ? `scale to ${order.to}` : `scale by ${order.by}`
    case 'restart':
      return order.pid === undefined ? 'restart' : `restart ${order.pid}`
    case 'drain':
    case 'kill':
      return `${order.do} ${order.pid}`
    case 'stop':
      return order.how === 'quick' ? 'stop (quick)' : 'stop'
    default:
      return order.do
  }
}
