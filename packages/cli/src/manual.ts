/** What the definition of the commands cannot say in a line: for the man pages, and the examples for --help too. */

export interface Example {
  readonly command: string;
  readonly about: string;
}

export interface Entry {
  /** Paragraphs. */
  readonly about: readonly string[];
  readonly examples: readonly Example[];
}

const example = (command: string, about: string): Example => ({ command, about });

/** By the words of the command. */
export const MANUAL: Readonly<Record<string, Entry>> = {
  cfs: {
    about: [
      'A bootc system with composefs keeps each deployment in several places: a boot entry, a kernel or UKI, an image with thousands of objects, and a state directory. cfs finds what no deployment needs any more, shows it, and removes it in an order that a power cut at any point cannot hurt.',
      'What runs, is mounted, staged, pinned, or offered by the boot menu stays. Whatever cannot be read or explained stays too, and is reported.',
      'Deployments are named by the first digits of their digest, or by a role: booted, rollback, staged, default.',
    ],
    examples: [
      example('cfs status', 'What is there, and what to do next'),
      example('cfs plan', 'What a run would remove, and why'),
      example('cfs gc', 'Show that, ask, and do it'),
    ],
  },
  status: {
    about: [
      'Shows the partitions, each deployment in the order of the boot menu with its role, version, age and the bytes that it alone holds, and what could be freed. It changes nothing.',
    ],
    examples: [
      example('cfs status', 'One screen about this machine'),
      example('cfs status --keep 2', 'The same, as if only two deployments were kept'),
      example('cfs status --json', 'For programs'),
    ],
  },
  plan: {
    about: [
      'Lists every item that a run would remove, with its reason, and the sums per file system. A run with the same flags does exactly this. It changes nothing.',
    ],
    examples: [
      example('cfs plan', 'What cfs gc would do now'),
      example('cfs plan --all', 'With the name of every object'),
      example('cfs plan --keep 2 --exit-code', 'Exit with 10 when there is something to collect'),
    ],
  },
  explain: {
    about: [
      'Tells the chain of references that keeps a thing, or the story of its death, and which deployments use it. Of what is gone it tells when a run removed it, and why.',
    ],
    examples: [
      example('cfs explain 1f3a9c', 'A deployment, an image, a stream or an object by its first digits'),
      example('cfs explain /boot/loader/entries/bootc_fedora-43-1.conf', 'A boot entry'),
    ],
  },
  gc: {
    about: [
      'Shows the plan, asks, takes the lock, reads everything again, and carries the plan out: boot entries first, then boot files, state directories, links and objects, each step durable before the next. At the end everything that was kept is walked once more.',
      'State directories are not removed but moved to the trash. Ctrl-C ends the run after the current item; the next run goes on from there.',
    ],
    examples: [
      example('cfs gc', 'Show, ask, collect'),
      example('cfs gc --yes', 'For scripts: do not ask'),
      example('cfs gc --keep 2', 'Give up all but the first two deployments of the boot menu'),
      example('cfs gc --yes --events', 'For a user interface: one JSON object a line'),
    ],
  },
  delete: {
    about: [
      'Records that the deployment is given up, removes its boot entry, and collects what only it used. The booted, staged and pinned deployments and the last bootable one are refused.',
    ],
    examples: [
      example('cfs delete rollback', 'Give the rollback up'),
      example('cfs delete 1f3a9c', 'Give up a deployment by the first digits of its digest'),
    ],
  },
  apply: {
    about: [
      'Carries out a plan that was saved, and nothing else: when the system has changed since, it says what changed and removes nothing.',
    ],
    examples: [example('cfs plan --save plan.json', 'Save a plan'), example('cfs apply plan.json', 'Carry it out')],
  },
  pin: {
    about: [
      "Keeps a deployment until it is unpinned, whatever the boot menu says. bootc's own collector honours the pin too.",
    ],
    examples: [example('cfs pin booted', 'Keep what runs now')],
  },
  unpin: {
    about: ['Takes a pin away. Nothing is removed by that; the next run decides.'],
    examples: [example('cfs unpin 1f3a9c', 'No longer keep this deployment for its pin')],
  },
  pins: { about: ['Lists what is pinned. It changes nothing.'], examples: [example('cfs pins', 'What is pinned')] },
  du: {
    about: [
      'Tells how many bytes each deployment holds alone, and how many are shared. The rows add up to what the trees take on their file systems; the rest of what is used there is one line.',
      'Then it tells the same of the repository by container layer: what no other layer has, and what several or none have. A holder is a deployment, or whatever else keeps a ref there. It changes nothing.',
    ],
    examples: [example('cfs du', 'What holds the space')],
  },
  history: {
    about: ['Tells of the last runs that removed something, from their receipts.'],
    examples: [example('cfs history', 'What went, and when')],
  },
  restore: {
    about: [
      'Puts a deployment back whose boot entry was lost, if its boot files, image, all objects and state directory are there; else it names what is missing.',
    ],
    examples: [example('cfs restore 1f3a9c', 'Offer this deployment again')],
  },
  'trash list': {
    about: ['State directories stay in the trash for 30 days, or as long as --trash-for said. It changes nothing.'],
    examples: [example('cfs trash list', 'What is in the trash, and until when')],
  },
  'trash restore': {
    about: ['Brings a deployment back, or copies the etc of one that cannot come back.'],
    examples: [example('cfs trash restore 1f3a9c --to /root/rescued', 'Copy its etc')],
  },
  'trash empty': {
    about: ['Removes what is in the trash, also before its time. It cannot be brought back then.'],
    examples: [example('cfs trash empty', 'Show what would go, ask, and remove it')],
  },
  'repo gc': {
    about: [
      'For a composefs repository without bootc around it: what neither a ref nor a given root reaches goes. Without any root nothing is removed.',
    ],
    examples: [
      example('cfs repo gc --repo /var/lib/images --dry-run', 'What would go'),
      example('cfs repo gc --repo /var/lib/images --root site-2026 --yes', 'Keep this stream besides what refs name'),
    ],
  },
  metrics: {
    about: [
      'Prints what could be collected, the deployments and the problems, in the text format of Prometheus. With --textfile, cfs gc writes the same to a file for node_exporter.',
    ],
    examples: [example('cfs metrics', 'The state of this machine')],
  },
  fsck: {
    about: [
      'Checks that everything that is kept is there and, with --deep, that each object has the content that its name says. It names the deployments that a damage hits, and changes nothing.',
    ],
    examples: [
      example('cfs fsck', 'The structure'),
      example('cfs fsck --deep', 'The content of every object, too'),
      example('cfs fsck --repo /var/lib/images', 'A plain repository'),
    ],
  },
  config: {
    about: [
      "The vendor's /usr/lib/cfs.toml and /usr/lib/cfs.toml.d/*.toml are read first, then /etc/cfs.toml and /etc/cfs.toml.d/*.toml. Keys have the names of flags; a later file wins, and a flag wins over all. A drop-in in /etc replaces the vendor's of the same name.",
      'What waives a doubt or answers a question is never taken from a file.',
    ],
    examples: [example('cfs config', 'What is in force; the output is a configuration file itself')],
  },
  demo: {
    about: [
      'Unpacks an example system into a temporary directory, and shows and collects there. This machine is left alone.',
    ],
    examples: [example('cfs demo', 'See how it works')],
  },
};
