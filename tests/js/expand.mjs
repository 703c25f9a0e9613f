// Expands recurrence rules with the `rrule` package, and turns wall-clock times into instants with ICU's time zones:
// nothing here is shared with the code under test. One JSON case a line on stdin, one list of instants (ms) on stdout.
//   {rule, wall: [y, m, d, h, min], zone, dates: [exdate as yyyy-mm-dd], instants: [exdate in ms]}
import { createInterface } from 'node:readline'
import rrule from 'rrule'

const DAY = 86_400_000
const formats = new Map()

function offset (zone, at) {
  if (!formats.has(zone)) {
    formats.set(zone, new Intl.DateTimeFormat('en-US', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric',
      hour: 'numeric', minute: 'numeric', second: 'numeric'
    }))
  }
  const shown = Object.fromEntries(formats.get(zone).formatToParts(at).map(({ type, value }) => [type, Number(value)]))
  const { year, month, day, hour, minute, second } = shown
  return Date.UTC(year, month - 1, day, hour, minute, second) - at
}

// RFC 5545, 3.3.5: a time that comes twice is the first; one that never comes counts with the offset before the gap.
function instant (zone, wall) {
  const before = offset(zone, wall - DAY)
  const possible = [...new Set([before, offset(zone, wall + DAY)])]
    .map(one => wall - one).filter(at => at + offset(zone, at) === wall)
  return possible.length > 0 ? Math.min(...possible) : wall - before
}

function expand ({ rule, wall: [year, month, day, hour, minute], zone, dates, instants }) {
  const options = rrule.RRule.parseString(rule)
  options.dtstart = new Date(Date.UTC(year, month - 1, day, hour, minute))
  if (options.until) options.until = new Date(options.until.getTime() + offset(zone, options.until.getTime()))
  const walls = new rrule.RRule(options).all().map(one => one.getTime())
  const kept = walls.filter(one => !dates.includes(new Date(one).toISOString().slice(0, 10)))
  return [...new Set(kept.map(one => instant(zone, one)))].filter(one => !instants.includes(one))
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(expand(JSON.parse(line))) + '\n')
}
