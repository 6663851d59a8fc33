/*
 * Runs before anything of the SDK does: main.tsx imports it first, and modules
 * are evaluated in the order of their imports.
 */
import { redirectReports, type Report } from "./report-redirect";
import { Emitter } from "./emitter";

/** Reports the SDK sends by HTTP, as they pass. */
export const reports = new Emitter<Report>();

redirectReports(location.origin, (report) => reports.emit(report));
