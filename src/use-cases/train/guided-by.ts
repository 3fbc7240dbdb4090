import { ArgumentError } from '../../errors.ts';
import { guided } from '../../training/guidance.ts';
import type { Recipe } from '../../training/recipe.ts';
import { viewOf } from '../../weights/preprocessing.ts';
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
  refuseOtherView(teacher.form.preprocessing, student.preprocessing);
  return { ...student, network };
}

/** The share of an edge by which two views may differ: sizes in pixels are whole numbers. */
const ROUNDED = 0.02;

function refuseOtherView(teacher: Preprocessing, student: Preprocessing): void {
  const [theirs, ours] = [viewOf(teacher), viewOf(student)];
  const isSame = theirs.shape === ours.shape && Math.abs(theirs.share - ours.share) <= ROUNDED;
  if (isSame) return;
  throw new ArgumentError(
    `guidance: expected a teacher that sees what the ViT sees of an image, ${said(ours)}; got one that sees ${said(theirs)}. ` +
      "Its places would not be the patches'.",
  );
}

function said({ share, shape }: ReturnType<typeof viewOf>): string {
  return `${Math.round(100 * share)} % of the edge of the ${shape} image`;
}
