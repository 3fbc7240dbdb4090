export { diagnose } from '../use-cases/doctor.ts';
export type { Diagnosis } from '../use-cases/doctor.ts';
