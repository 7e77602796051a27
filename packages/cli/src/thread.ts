/** What a thread runs, a program of its own: `task` in its data says what it serves as. */
import { workerData } from 'node:worker_threads';
import { serveObjects } from './object-threads.ts';
import { serveSurvey } from './survey-threads.ts';

const { task } = workerData as { readonly task: 'check' | 'survey' };
if (task === 'check') serveObjects();
else serveSurvey();
