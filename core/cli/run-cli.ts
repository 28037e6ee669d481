import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { type AttuneError, type ErrorPayload, toErrorPayload } from '../contract/errors.ts'
import { presetNames } from '../contract/presets.ts'
import { recurrentTypes } from '../contract/recurrent-baseline.ts'
import { tasks } from '../contract/settings.ts'
import { tokenizerKinds } from '../contract/tokenizers.ts'
import { program as installed } from '../host/program.ts'
import { attuneHome } from '../util/paths.ts'
import type { Ground } from './ground.ts'
import { type Answer, createOutput, type Io } from './io.ts'

const failed = 1
const badUse = 2
/** Errors that say that the command line or the settings file is wrong, not that the work failed. */
const misuse: ReadonlySet<AttuneError['code']> = new Set(['bad_request', 'bad_config', 'unknown_method'])

/** Runs one command line (without program and script) to its end and resolves to the exit code: 0, 1 or 2. */
export async function runCli(args: readonly string[], io: Io): Promise<number> {
  const json = args.includes('--json')
  const output = createOutput(io, json)
  const cli = new Command('attune')
  let exitCode = 0

  /** Opens the app only when a command runs, so that help and mistakes answer at once. */
  const grounded: Grounded = async (work, { stays } = { stays: false }) => {
    const { withGround } = await import('./ground.ts')
    await withGround(io, output, { stays }, async (ground) => give(await work(ground)))
  }

  const give = (answer: Answer | number): void => {
    if (typeof answer === 'number') {
      exitCode = answer
      return
    }
    const { value, text, fault } = answer
    if (json) output.object(fault ? { ...value, error: fault } : value)
    else output.text(text)
    if (fault && !json) tell(fault)
    exitCode = answer.exitCode ?? (fault ? codeOf(fault) : 0)
  }

  describeCommands(cli, grounded)
  describeBackups(cli, async (work) => give(await work()))
  for (const command of everyCommand(cli)) {
    command.exitOverride().configureOutput({
      writeOut: (text) => void io.stdout.write(text),
      writeErr: (text) => void (json || io.stderr.write(text)),
    })
  }
  try {
    await cli.parseAsync(args, { from: 'user' })
    return exitCode
  } catch (thrown) {
    if (thrown instanceof CommanderError) {
      if (thrown.exitCode === 0) return 0
      const helped = thrown.code === 'commander.help'
      const message = helped ? 'Name a command; --help lists them.' : thrown.message.replace(/^error: /, '')
      if (json) output.object({ error: { code: 'bad_request', message } })
      return badUse
    }
    const error = toErrorPayload(thrown)
    tell(error)
    return codeOf(error)
  }

  function tell(error: ErrorPayload): void {
    output.settle()
    if (json) output.object({ error })
    else io.stderr.write(`${error.message}\n`)
  }
}

const codeOf = ({ code }: ErrorPayload): number => (misuse.has(code) ? badUse : failed)

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)]
}

/** Runs a command's work over the app. `stays`: the command lasts until it is told to end. */
type Grounded = (
  work: (ground: Ground) => Promise<Answer | number>,
  options?: { readonly stays: boolean },
) => Promise<void>

/** The whole command line at a glance. Each action loads its own code. */
function describeCommands(cli: Command, grounded: Grounded): void {
  cli
    .description('Fine-tune Transformer models on this machine and compare the results.')
    .version(installed().version)
    .option('--json', 'one JSON object (or one a line) on stdout, progress on stderr')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help tells more)')

  const datasets = cli.command('datasets').description('texts, pictures and clips to train on')
  datasets
    .command('import')
    .description('import a CSV or JSONL file, a folder of pictures or clips, or sample:spam-assassin')
    .argument('<file>')
    .option('--name <name>', 'else the file name')
    .addOption(new Option('--task <task>', 'what it is for; left out, what the file suggests').choices([...tasks]))
    .option('--map <columns>', 'text=COLUMN,label=COLUMN (text=COLUMN for text generation); guessed when left out')
    .option('--encoding <name>', 'such as windows-1252; guessed when left out')
    .option('--delimiter <character>', 'of a CSV file; guessed when left out')
    .addOption(new Option('--on-bad-rows <what>', 'skip or stop').choices(['skip', 'stop']).default('skip'))
    .action((file, options) =>
      grounded(async (ground) => (await import('./commands/datasets.ts')).importDataset(ground, file, options)),
    )
  datasets
    .command('list')
    .description('all datasets')
    .action(() => grounded(async (ground) => (await import('./commands/datasets.ts')).listDatasets(ground)))
  datasets
    .command('show')
    .description('one dataset and its first rows')
    .argument('<dataset>', 'id, name, or the beginning of an id')
    .option('--limit <rows>', 'rows to show', wholeNumber(1, 500), 5)
    .action((dataset, { limit }) =>
      grounded(async (ground) => (await import('./commands/datasets.ts')).showDataset(ground, dataset, limit)),
    )

  const models = cli.command('models').description('pre-trained models to start from')
  models
    .command('add')
    .description(
      'add a Hugging Face folder, hub:ORG/NAME[@REVISION] by download, starter:minilm-l6, or run:RUN: what a run has made of its model',
    )
    .argument('<folder>')
    .option('--name <name>', 'else the name of the folder or the run')
    .addOption(checkpointOption())
    .action((folder, options) =>
      grounded(async (ground) => (await import('./commands/models.ts')).addModel(ground, folder, options)),
    )
  models
    .command('create')
    .description(
      'a model from scratch: drawn weights, and a tokenizer of another model or one that is learned from a dataset',
    )
    .argument('<architecture>', 'such as bert, gpt2, llama, lstm')
    .addOption(new Option('--size <preset>', 'of its usual sizes').choices([...presetNames]).default('tiny'))
    .option('--set <field=value...>', 'sizes of config.json that are to be others', [])
    .addOption(new Option('--tokenizer <model>', 'the model whose tokenizer it takes').conflicts('learnFrom'))
    .option('--learn-from <dataset>', 'the dataset from whose texts a tokenizer is learned')
    .addOption(new Option('--kind <kind>', 'of the learned tokenizer').choices([...tokenizerKinds]).default('bpe'))
    .option('--vocab-size <tokens>', 'of the learned tokenizer, at most', wholeNumber(300, 200_000), 8000)
    .option('--cased', 'WordPiece: capital letters stay', false)
    .option('--seed <number>', 'of the weights', wholeNumber(0, 2147483647), 42)
    .option('--name <name>', 'else architecture and size')
    .action((architecture, options) =>
      grounded(async (ground) =>
        (await import('./commands/create-model.ts')).createModel(ground, architecture, options),
      ),
    )
  models
    .command('list')
    .description('all models')
    .action(() => grounded(async (ground) => (await import('./commands/models.ts')).listModels(ground)))

  cli
    .command('train')
    .description('train a run from a settings file and stay until it has ended')
    .argument('<config>', 'JSON file with model, dataset and settings; - reads standard input')
    .option('--watch', 'show how it goes; with --json one object for each event', false)
    .option('--set <key=value...>', 'settings that win over the file', [])
    .option('--ignore-preflight', 'begin even what does not fit on this machine', false)
    .option('--shares <percents>', 'a run for each share of the training rows, such as 1,10,100', shareList)
    .action((config, options) =>
      grounded(async (ground) => (await import('./commands/train.ts')).train(ground, config, options)),
    )
  cli
    .command('preflight')
    .description('what a run would need on this machine: memory, time, disk; exit code 1 when it does not fit')
    .argument('<config>', 'JSON file with model, dataset and settings; - reads standard input')
    .option('--set <key=value...>', 'settings that win over the file', [])
    .option('--no-measure', 'only work it out, without trying steps')
    .action((config, options) =>
      grounded(async (ground) => (await import('./commands/preflight.ts')).preflight(ground, config, options)),
    )

  describeRuns(cli, grounded)
  describeStorage(cli, grounded)

  cli
    .command('compare')
    .description('compare runs, the first being the baseline')
    .argument('<runs...>', 'ids, names, or beginnings of ids')
    .addOption(
      new Option('--filter <which>', 'example outputs to list')
        .choices(['all', 'disagree', 'wrong', 'only-baseline-right', 'only-candidate-right'])
        .default('all'),
    )
    .option('--limit <rows>', 'example outputs at most', wholeNumber(1, 500), 50)
    .option('--width <points>', 'points per curve at most', wholeNumber(2, 4000), 800)
    .action((runs, options) =>
      grounded(async (ground) => (await import('./commands/compare.ts')).compareRuns(ground, runs, options)),
    )
  const several = (text: string, former: readonly string[] = []) => [...former, text]
  cli
    .command('generate')
    .description('texts that a run goes on with, answers, or makes others out of')
    .argument('<run>', 'id, name, or the beginning of an id')
    .option('--prompt <text>', 'how a text begins; may be given several times', several)
    .option('--input <file>', 'a file of beginnings, as predict takes it; - for standard input')
    .option('--column <name>', 'of a CSV or JSONL file')
    .addOption(checkpointOption())
    .option('--max-new-tokens <number>', 'tokens at most', wholeNumber(1, 100_000))
    .option('--num-beams <number>', 'texts followed at once, where one is made out of another', wholeNumber(1, 4))
    .option('--sample', 'draw each token; else the likeliest is taken')
    .option('--temperature <number>', 'below 1 likely tokens gain', Number)
    .option('--top-k <number>', 'draw from the k likeliest; 0: all', wholeNumber(0, 1_000_000))
    .option('--top-p <number>', 'draw from the likeliest that together reach this probability', Number)
    .option('--repetition-penalty <number>', 'above 1 what occurred already becomes less likely', Number)
    .option('--seed <number>', 'of the draws', wholeNumber(0, 2147483647))
    .option('--stop <text>', 'a text ends before it; may be given several times', several)
    .action((run, options) =>
      grounded(async (ground) => (await import('./commands/generate.ts')).generate(ground, run, options)),
    )

  cli
    .command('predict')
    .description('what a trained run says to texts, pictures or clips')
    .argument('<run>', 'id, name, or the beginning of an id')
    .option(
      '--input <path>',
      'CSV, TSV, JSONL or plain lines, - for standard input; a picture or clip, a folder of them, or a table that names them; may be given several times',
      several,
    )
    .option('--text <text...>', 'texts themselves, one that is asked of every picture, or the numbers of episodes')
    .option('--column <name>', 'the column with the text, else "text"')
    .option(
      '--field <role=text>',
      'what the run reads beside each input (question=…, state=…, target_return=…), else a column of that name',
      several,
    )
    .addOption(checkpointOption())
    .action((run, options) =>
      grounded(async (ground) => (await import('./commands/predict.ts')).predict(ground, run, options)),
    )
  cli
    .command('serve')
    .description('serve the app to a browser on this machine')
    .option('--port <number>', 'else a usual one, or any that is free')
    .option('--no-open', 'only print the address')
    .action((options) =>
      grounded(async (ground) => (await import('./commands/serve.ts')).serveCommand(ground, options), {
        stays: true,
      }),
    )
  cli
    .command('doctor')
    .description('what this machine has, what is missing, what to do')
    .action(() => grounded(async (ground) => (await import('./commands/doctor.ts')).doctor(ground)))
}

/** For a database that does not open, so without the app. */
function describeBackups(cli: Command, giving: (work: () => Promise<Answer>) => Promise<void>): void {
  const backups = cli.command('backups').description('copies of the database, and what to do when it is damaged')
  const load = () => import('./commands/backups.ts')
  backups
    .command('list')
    .description('all backups, newest first')
    .action(() => giving(async () => (await load()).listBackups(attuneHome())))
  backups
    .command('restore')
    .description('put a backup in the place of the database, which is kept beside it')
    .argument('[backup]', 'its name, else the newest that is whole')
    .action((name?: string) => giving(async () => (await load()).restoreBackup(attuneHome(), name ?? null)))
  backups
    .command('accept')
    .description('go on with a database whose newest changes are lost, as it is')
    .action(() => giving(async () => (await load()).acceptLoss(attuneHome())))
}

function describeRuns(cli: Command, grounded: Grounded): void {
  const runs = cli.command('runs').description('training runs')
  const load = () => import('./commands/runs.ts')
  const one = (name: string, description: string) =>
    runs.command(name).description(description).argument('<run>', 'id, name, or the beginning of an id')

  runs
    .command('list')
    .description('all runs, newest first')
    .action(() => grounded(async (ground) => (await load()).listRuns(ground)))
  one('show', 'one run: settings, metrics, checkpoints').action((run) =>
    grounded(async (ground) => (await load()).showRun(ground, run)),
  )
  one('stop', 'stop a run after its present step and keep its weights')
    .option('--discard', 'do not write a last checkpoint', false)
    .action((run, { discard }) => grounded(async (ground) => (await load()).stopRun(ground, run, !discard)))
  const again = () => import('./commands/again.ts')
  one('pause', 'end a running run so that it can go on exactly there; frees its memory').action((run) =>
    grounded(async (ground) => (await again()).pauseRun(ground, run)),
  )
  one('resume', 'train a paused, stopped, interrupted or failed run on from its last checkpoint')
    .option('--watch', 'show how it goes; with --json one object for each event', false)
    .action((run, options) => grounded(async (ground) => (await again()).resumeRun(ground, run, options)))
  one('repeat', 'train the same settings again with other seeds')
    .option('--seeds <numbers>', 'such as 1,2,3', seedList)
    .option('--times <number>', 'so many seeds, counted on from that of the run', wholeNumber(1, 20))
    .option('--watch', 'show how it goes; with --json one object for each event', false)
    .action((run, options) => grounded(async (ground) => (await again()).repeatRun(ground, run, options)))
  const fork = () => import('./commands/fork.ts')
  one('fork', 'train a new run from a checkpoint of this one, with other settings')
    .addOption(checkpointOption())
    .option('--set <key=value...>', 'settings that are to be others', [])
    .option('--optimizer', "take the optimizer's state along", false)
    .option('--watch', 'show how it goes; with --json one object for each event', false)
    .action((run, options) => grounded(async (ground) => (await fork()).forkRun(ground, run, options)))
  one('reproduce', 'train exactly the same once more, and say whether the same came out')
    .option('--watch', 'show how it goes; with --json one object for each event', false)
    .action((run, options) => grounded(async (ground) => (await fork()).reproduceRun(ground, run, options)))
  one('baseline', 'train a recurrent model of the same size on the same, and compare')
    .addOption(
      new Option('--architecture <type>', 'of the recurrent model').choices([...recurrentTypes]).default('lstm'),
    )
    .option('--watch', 'show how it goes; with --json one object for each event', false)
    .action((run, options) =>
      grounded(async (ground) => (await import('./commands/baseline.ts')).trainBaseline(ground, run, options)),
    )
  one('pace', 'time steps of its model by rows and by length: what of a step goes on side by side').action((run) =>
    grounded(async (ground) => (await import('./commands/pace.ts')).showPace(ground, run)),
  )
  const queue = () => import('./commands/queue.ts')
  runs
    .command('queue')
    .description('the runs that wait, the next first')
    .addOption(new Option('--pause', 'let nothing new begin, in any process').conflicts('resume'))
    .option('--resume', 'let it go on')
    .action(({ pause, resume }) =>
      grounded(async (ground) => (await queue()).showQueue(ground, pause ? true : resume ? false : undefined)),
    )
  one('move', 'move a run in the queue')
    .addArgument(new Argument('<to>', 'where').choices(['front', 'up', 'down', 'back']))
    .action((run, to) => grounded(async (ground) => (await queue()).moveRun(ground, run, to)))
  one('export', 'copy a checkpoint as a folder that transformers or peft load')
    .addOption(checkpointOption())
    .option('--merge', 'fold the adapter into the base model', false)
    .action((run, options) => grounded(async (ground) => (await load()).exportRun(ground, run, options)))
  one('log', 'the log of a run').action((run) => grounded(async (ground) => (await load()).logOfRun(ground, run)))
  one('rename', 'give a run another name')
    .argument('<name>')
    .action((run, name) => grounded(async (ground) => (await load()).renameRun(ground, run, name)))
  one('delete', 'delete a run; "runs restore" brings it back').action((run) =>
    grounded(async (ground) => (await load()).deleteRun(ground, run)),
  )
  runs
    .command('restore')
    .description('bring a deleted run back')
    .argument('<id>', 'its whole id')
    .action((id) => grounded(async (ground) => (await load()).restoreRun(ground, id)))
}

function describeStorage(cli: Command, grounded: Grounded): void {
  const storage = cli.command('storage').description('what takes room on the disk, and freeing it')
  const load = () => import('./commands/storage.ts')
  storage
    .command('show', { isDefault: true })
    .description('bytes of each run and of all, and what can go')
    .action(() => grounded(async (ground) => (await load()).showStorage(ground)))
  storage
    .command('free')
    .description('remove checkpoints that are neither best nor last, for good')
    .argument('[runs...]', 'ids, names, or beginnings of ids; all that have ended when none is given')
    .option(
      '--optimizer',
      "the optimizer's state too, of finished runs; of a run that is named also when it could go on, which it then cannot",
      false,
    )
    .action((runs, options) => grounded(async (ground) => (await load()).freeStorage(ground, runs, options)))
  storage
    .command('empty-trash')
    .description('remove for good what was deleted')
    .action(() => grounded(async (ground) => (await load()).emptyTrash(ground)))
}

function checkpointOption(): Option {
  return new Option('--checkpoint <which>', 'best, last, or its step').argParser(whichCheckpoint).default('best')
}

function whichCheckpoint(text: string): 'best' | 'last' | number {
  if (text === 'best' || text === 'last') return text
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be best, last, or the step of a checkpoint.')
}

function shareList(text: string): number[] {
  const shares = text.split(',').map((part) => Number(part.trim().replace(/%$/, '')))
  if (shares.length <= 20 && shares.every((share) => share > 0 && share <= 100)) return shares
  throw new InvalidArgumentError('Give up to 20 percentages above 0, such as 1,10,100.')
}

function seedList(text: string): number[] {
  const seeds = text.split(',').map((part) => part.trim())
  if (seeds.length > 20) throw new InvalidArgumentError('At most 20 seeds at once.')
  return seeds.map(wholeNumber(0, 2147483647))
}

function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= least && value <= most) return value
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`)
  }
}
