/** The system packages whose tools the tests compare with: tools/apt.txt, one a line. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** The packages of apt.txt that this machine has not; all of them where there is no dpkg to ask. */
export function missingPackages() {
  const names = readFileSync(new URL('apt.txt', import.meta.url), 'utf8')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
  const { error, stdout } = spawnSync('dpkg-query', ['-W', '-f=${Package} ${db:Status-Status}\n', ...names], {
    encoding: 'utf8',
  });
  const installed = error ? [] : stdout.split('\n');
  return names.filter((name) => !installed.includes(`${name} installed`));
}

/** @param {readonly string[]} packages */
export function aptCommand(packages) {
  return ['apt-get', 'install', '-y', '--no-install-recommends', ...packages];
}

/**
 * Installs packages, as root and without questions.
 * @param {readonly string[]} packages
 * @returns {string | undefined} what apt printed if it failed
 */
export function installPackages(packages) {
  for (const command of [['apt-get', 'update'], aptCommand(packages)]) {
    const { error, status, stdout, stderr } = spawnSync(command[0] ?? '', command.slice(1), {
      encoding: 'utf8',
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (status !== 0) return `«${command.join(' ')}» failed\n${error?.message ?? stdout + stderr}`;
  }
  return undefined;
}
