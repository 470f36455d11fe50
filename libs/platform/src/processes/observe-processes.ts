import type { Processes } from '#read-models';
import type { Exceptions } from '../exceptions/exceptions.js';
import { addReadings } from '../observability/readings.js';
import type { Metrics } from '../operations/metrics.js';

/** Shows processes that have not ended as metrics, and those that wait past their time or are stuck as exceptions. */
export function observeProcesses(processes: Processes, exceptions: Exceptions, metrics: Metrics): void {
  exceptions.add({
    kind: 'process-stuck',
    whatToDo:
      'Look at GET /v1/processes/{name}/{id}: what it waits for has not come, or something cannot be taken back. Mend the cause and POST its /retry, or POST its /end and put things right by hand. The case closes with the answer, the retry or the end.',
    get openCases() {
      return processes.stuckCases;
    },
  });
  addReadings(
    metrics,
    [
      {
        name: 'einklang_processes_open',
        help: 'Instances of processes that have not ended, by name and state',
        value: ({ count }: { readonly count: number }) => count,
      },
    ],
    ['name', 'state'],
    ({ name, state }) => ({ name, state }),
    () => processes.open(),
  );
}
