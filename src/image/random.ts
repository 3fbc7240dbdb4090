/** Where chance comes from. */
export interface Random {
  /** 0 ≤ x < 1 */
  uniform(): number;
  /** From the standard normal distribution. */
  normal(): number;
}
