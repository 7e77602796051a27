import { mkdirSync, rmSync, writeFileSync, statSync } from 'node:fs';
import { story } from '../stories/index.ts';
import { content } from './content.ts';
import { makeDebianDisk, ENTER } from './debian.ts';
import { makeDisk } from './disk.ts';
import { boot } from './qemu.ts';
const place = '/dev/shm/cfs-deb'; rmSync(place, { recursive: true, force: true }); mkdirSync(place);
makeDebianDisk(`${place}/tools`, process.argv[2]!, ['libatomic1', 'libstdc++6', 'libgcc-s1']);
console.log('tools', statSync(`${place}/tools`).size / 2 ** 20);
const told = story({ loader: 'systemd', kind: 'bls', content: content() }).install('A').update('B').update('C');
makeDisk(`${place}/disk`, told, { esp: Number(process.argv[3] ?? 48), root: 16 });
const job = `${ENTER}
step install debian dpkg --install /root/cfs.deb
step version debian cfs --version
step status debian cfs status
step plan debian cfs plan
step refused debian cfs gc
step explainA debian cfs explain ${told.id('A').slice(0, 12)}
step du debian cfs du
step gc debian cfs gc --yes
step status2 debian cfs status
step history debian cfs history
step explain2 debian cfs explain ${told.id('A').slice(0, 12)}
step schemas debian ls /usr/share/cfs/schemas
step remove debian dpkg --remove cfs
step df df
`;
const booted = await boot({ disk: `${place}/disk`, tools: `${place}/tools`, place, job });
console.log(booted.seconds, booted.deployment === told.booted?.id);
for (const [name, { exit, stdout, stderr }] of booted.steps) console.log(`===== ${name} [${exit}]\n${stdout}${stderr && `--- stderr\n${stderr}`}`);
if (booted.steps.size < 5) console.log(booted.console.slice(-3000));
