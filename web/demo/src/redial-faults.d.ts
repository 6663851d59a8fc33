/** The generated catalogue, cut down by build.mjs; empty when it is not there. */
declare module "redial:faults" {
  const catalogue: import("./faults").Fault[];
  export default catalogue;
}
