import { expect, test } from 'vitest';

import { listModels, loadModel } from '../src/index.ts';

const NAME = 'cifar10-cnn';

test('the embedded CNN is what the list says, and knows a drawn car and a drawn ship', async () => {
  const listed = listModels().find(({ name }) => name === NAME);
  const model = await loadModel(NAME);
  try {
    expect(model.info.numParameters).toBe(listed?.numParameters);
    expect(model.info.classes).toStrictEqual(listed?.classes);
    const best: (string | undefined)[] = [];
    for (const image of ['samples/automobile/red.jpg', 'samples/ship/cargo.jpg']) {
      const [answer] = await model.classify(image, { topK: 1 });
      best.push(answer?.label);
    }
    expect(best).toStrictEqual(['automobile', 'ship']);
  } finally {
    model.dispose();
  }
});
