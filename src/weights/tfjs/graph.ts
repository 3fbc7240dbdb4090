import * as z from 'zod';

import { ConfigError, WeightsError } from '../../errors.ts';
import { faultsOf } from '../schema-faults.ts';

/** One operation of a graph. */
interface GraphNode {
  readonly name: string;
  readonly op: string;
  /** Names of the nodes before it, control inputs (`^name`) and numbered outputs (`name:1`) among them. */
  readonly input: readonly string[];
}

const Node = z.object({ name: z.string(), op: z.string(), input: z.array(z.string()).default([]) });
const Graph = z.object({
  node: z.array(Node),
  library: z.object({ function: z.array(z.object({ node_def: z.array(Node).default([]) })).default([]) }).nullish(),
});

/**
 * The operations of a graph by their names.
 *
 * @throws WeightsError when it is no graph, ConfigError for one that branches or loops: how long it ran and what memory it
 *   took could not be told from its size.
 */
export function graphNodes(where: string, topology: unknown): ReadonlyMap<string, GraphNode> {
  const parsed = Graph.safeParse(topology);
  if (!parsed.success) throw new WeightsError(`${where}: expected a TensorFlow graph: ${faultsOf(parsed.error)}`);
  const { node: nodes, library } = parsed.data;
  const inner = library?.function.flatMap(({ node_def }) => node_def) ?? [];
  const flow = [...nodes, ...inner].find(({ op }) => CONTROL_FLOW.test(op));
  if (flow !== undefined) {
    throw new ConfigError(`${where}: expected a graph without branches and loops, got «${flow.op}» at ${flow.name}`);
  }
  return new Map(nodes.map((node) => [node.name, node]));
}

const CONTROL_FLOW =
  /^(?:Stateless)?(?:If|While|Case)$|^(?:Ref)?(?:Enter|Exit|Merge|Switch|NextIteration|LoopCond)$|^TensorArray|^TensorList|HashTable|^(?:Stateful)?PartitionedCall$|^PyFunc/;

/** The operation that makes a graph's output, before those that only hand it on or give it another shape. */
export function lastOperation(nodes: ReadonlyMap<string, GraphNode>, output: string): string | undefined {
  let node = nodes.get(nodeName(output));
  // As many steps as there are nodes: a graph may lead in a circle.
  for (let step = 0; node !== undefined && PASSING.has(node.op) && step < nodes.size; step += 1) {
    node = nodes.get(nodeName(node.input[0] ?? ''));
  }
  return node?.op;
}

const PASSING = new Set(['Identity', 'IdentityN', 'Reshape', 'Squeeze', 'StopGradient']);

function nodeName(reference: string): string {
  return reference.replace(/^\^/, '').replace(/:\d+$/, '');
}
