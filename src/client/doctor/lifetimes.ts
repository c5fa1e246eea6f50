/**
 * Until when versions get security fixes; ISO days. Sources: nodejs/Release schedule.json, and Python's
 * devguide.python.org/versions. Planned ends of Node 26 and of Python are those days' month, as published.
 */

export const nodeEnds: Readonly<Record<string, string>> = {
  '18': '2025-04-30',
  '20': '2026-04-30',
  '21': '2024-06-01',
  '22': '2027-04-30',
  '23': '2025-06-01',
  '24': '2028-04-30',
  '25': '2026-06-01',
  '26': '2029-04-30',
}

export const pythonEnds: Readonly<Record<string, string>> = {
  '3.9': '2025-10-31',
  '3.10': '2026-10-31',
  '3.11': '2027-10-31',
  '3.12': '2028-10-31',
  '3.13': '2029-10-31',
  '3.14': '2030-10-31',
}
