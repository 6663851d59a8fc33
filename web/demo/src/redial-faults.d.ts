/** The generated catalogue, resolved by build.mjs; empty when it is not there. */
declare module "redial:faults" {
  const catalogue: unknown;
  export default catalogue;
}
