/** What is inside the executable, as CycloneDX 1.6 in JSON: https://cyclonedx.org/docs/1.6/json/ */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Executable } from './executable.ts';

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

export function sbomOf(version: string, made: Date, { packages, node }: Executable): string {
  const components = packages.map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
    return component('library', name, version, license, `pkg:npm/${name.replace('@', '%40')}@${version}`);
  });
  components.push(component('framework', 'node', node, 'MIT', `pkg:generic/node@${node}`));
  const subject = component('application', 'cfs', version, 'Apache-2.0', `pkg:generic/cfs@${version}`);
  const bom = {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { timestamp: made.toISOString(), component: subject },
    components,
    dependencies: [{ ref: subject['bom-ref'], dependsOn: components.map((each) => each['bom-ref']) }],
  };
  return `${JSON.stringify(bom, undefined, 2)}\n`;
}

function component(type: string, name: string, version: string, license: string, purl: string) {
  return { type, 'bom-ref': purl, name, version, licenses: [{ license: { id: license } }], purl };
}
