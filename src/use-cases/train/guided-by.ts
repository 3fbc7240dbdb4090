import { ArgumentError } from '../../errors.ts';
import { guided } from '../../training/guidance.ts';
import type { Recipe } from '../../training/recipe.ts';
import { cropOf } from '../../weights/preprocessing.ts';
import type { Preprocessing } from '../../weights/preprocessing.ts';
import type { Student } from './student.ts';
import type { LoadedTeacher } from './teacher.ts';

/**
 * The student that also learns what its teacher sees where, if the recipe asks for it.
 *
 * @throws ArgumentError for a student whose patches are not where the places of the teacher's feature map are.
 */
export function guidedBy(teacher: LoadedTeacher | undefined, student: Student, { guidance }: Recipe): Student {
  if (guidance === null || teacher?.featureMap === undefined) return student;
  const { height, width, channels } = teacher.featureMap;
  const network = guided(student.network, { block: guidance.block, channels });
  const [rows, columns] = network.tokens?.grid ?? [];
  if (rows !== height || columns !== width) {
    throw new ArgumentError(
      `guidance: expected a teacher whose last feature map has a place for each patch, ${rows}×${columns}; got ${height}×${width}. ` +
        'Choose the image size or the patch size so that both are alike.',
    );
  }
  refuseOtherCrop(teacher.form.preprocessing, student.preprocessing);
  return { ...student, network };
}

/** By how much the shares of an edge may differ: sizes in pixels are whole numbers. */
const ROUNDED = 0.02;

/** Its places would lie beside the patches. */
function refuseOtherCrop(teacher: Preprocessing, student: Preprocessing): void {
  const [theirs, ours] = [cropOf(teacher), cropOf(student)];
  if (Math.abs(theirs - ours) <= ROUNDED) return;
  throw new ArgumentError(
    `guidance: expected a teacher that sees as much of an image as the ViT, ${inPercent(ours)} of its edge; got one that sees ` +
      `${inPercent(theirs)}. Let it learn without guidance, or from another teacher.`,
  );
}

function inPercent(share: number): string {
  return `${Math.round(100 * share)} %`;
}
