import type { Tensor } from '@tensorflow/tfjs-core';

import { ArgumentError } from '../errors.ts';
import type { AttentionForm, Mechanism } from '../nn/attend.ts';
import { afterPrefix, alongEdges, attentionMask, causal, neighbourhood, windowed } from '../nn/masks.ts';
import type { MaskRule } from '../nn/masks.ts';
import { quadraticPositions, relativePositions } from '../nn/relative-positions.ts';
import { rotary2d } from '../nn/rotary.ts';
import type { AttentionMechanism, AttentionReach, ViTConfig } from '../weights/architecture.ts';
import { geometryOf } from './geometry.ts';
import type { Geometry } from './geometry.ts';

/** Takes over a tensor that lives as long as the network. */
type Own = <T extends Tensor>(tensor: T) => T;

/**
 * How the blocks of a configuration attend, with the tensors that this takes; undefined for plain self-attention.
 *
 * @throws ArgumentError when the mechanism cannot have the reach or the positions asked for.
 */
export function attentionForm(config: ViTConfig, own: Own): AttentionForm | undefined {
  const { attention = PLAIN, positions } = config;
  const { mechanism, reach } = attention;
  const geometry = geometryOf(config);
  const hasBias = positions.kind === 'relative' || positions.kind === 'relative-quadratic';
  if (mechanism === 'linear') return { ...positionForm(config, own), mechanism: linearForm(reach, hasBias) };
  const local = hasBias || mechanism !== 'scaled-dot' ? undefined : localForm(reach, geometry);
  const rule = local === undefined ? ruleOf(reach, geometry) : undefined;
  const isPlain = mechanism === 'scaled-dot' && reach.kind === 'all' && !hasBias && positions.kind !== 'rotary-2d';
  if (isPlain) return undefined;
  const { numTokens: N } = geometry;
  return {
    ...positionForm(config, own),
    mechanism: local ?? { kind: mechanism },
    mask: rule && own(attentionMask({ numQueries: N, numKeys: N }, rule)),
  };
}

const PLAIN = { mechanism: 'scaled-dot', reach: { kind: 'all' } } as const satisfies {
  mechanism: AttentionMechanism;
  reach: AttentionReach;
};

function linearForm(reach: AttentionReach, hasBias: boolean): Mechanism {
  if (!hasBias && (reach.kind === 'all' || reach.kind === 'causal')) {
    return { kind: 'linear', causal: reach.kind === 'causal' };
  }
  const got = hasBias ? 'a relative position bias' : `reach ${reach.kind}`;
  throw new ArgumentError(`linear attention: expected reach all or causal and no position bias, got ${got}`);
}

/** Truncated attention at its own cost, where no token of a prefix has to see all. */
function localForm(reach: AttentionReach, { Gh, Gw, numPrefixTokens }: Geometry): Mechanism | undefined {
  if (numPrefixTokens > 0) return undefined;
  if (reach.kind === 'window') {
    const { before, after } = reach;
    return { kind: 'local', grid: { Gh: 1, Gw: Gh * Gw }, reach: { up: 0, down: 0, left: before, right: after } };
  }
  if (reach.kind !== 'neighbourhood') return undefined;
  const { radius: r } = reach;
  return { kind: 'local', grid: { Gh, Gw }, reach: { up: r, down: r, left: r, right: r } };
}

function ruleOf(reach: AttentionReach, geometry: Geometry): MaskRule | undefined {
  const { numPrefixTokens } = geometry;
  switch (reach.kind) {
    case 'all':
      return undefined;
    case 'causal':
      return causal();
    case 'window':
      return afterPrefix(numPrefixTokens, windowed(reach));
    case 'neighbourhood':
      return afterPrefix(numPrefixTokens, neighbourhood(geometry, reach.radius));
    case 'graph':
      return afterPrefix(numPrefixTokens, alongEdges(reach.edges));
  }
}

function positionForm(config: ViTConfig, own: Own): Pick<AttentionForm, 'rotary' | 'relative'> {
  const geometry = geometryOf(config);
  const { numPrefixTokens } = geometry;
  switch (config.positions.kind) {
    case 'rotary-2d': {
      const { cos, sin, turn } = rotary2d(geometry, numPrefixTokens, config.dim / config.numHeads);
      return { rotary: { cos: own(cos), sin: own(sin), turn: own(turn) } };
    }
    case 'relative':
      return { relative: { indices: own(relativePositions(geometry, numPrefixTokens).indices) } };
    case 'relative-quadratic': {
      const { indices, basis } = quadraticPositions(geometry, numPrefixTokens);
      return { relative: { indices: own(indices), basis: basis && own(basis) } };
    }
    case 'learned':
    case 'sincos-1d':
    case 'sincos-2d':
    case 'none':
      return {};
  }
}
