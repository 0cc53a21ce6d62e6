import { statfs } from "node:fs/promises";
import type { Runtime } from "./connect.ts";

/** What is to be known of an engine before something is started on it. */
export interface EngineFacts {
  /** "Docker" or "Podman". */
  readonly name: string;
  readonly version: string;
  readonly storage: string;
  /** It runs on this machine. */
  readonly local: boolean;
  /** "linux/amd64" */
  readonly platform: string;
  readonly memoryBytes: number;
  readonly cpus: number;
  /** Where its images and containers are, as far as this machine sees that; with what is free there. */
  readonly disk: { readonly path: string; readonly freeBytes: number } | undefined;
  readonly networks: number;
  /** How many networks it can have; undefined where it has other address pools than its own. */
  readonly mostNetworks: number | undefined;
  readonly images: number;
}

/** The bridges that Docker has addresses for when nobody says otherwise: 172.17–31.0.0/16 and sixteen of 192.168.0.0/16. */
const USUAL_NETWORKS = 31;

/** Asks an engine for all of that. */
export async function describeEngine({ docker, local, name: called }: Runtime): Promise<EngineFacts> {
  const [info, about, networks] = await Promise.all([
    docker.info() as Promise<Info>,
    docker.version(),
    docker.listNetworks(),
  ]);
  const [name = "", version = ""] = called.split(/ (.*)/);
  const path = info.DockerRootDir;
  const free = local && path !== undefined ? await statfs(path).catch(() => undefined) : undefined;
  return {
    name,
    version,
    storage: info.Driver ?? "unknown",
    local,
    platform: `${about.Os}/${about.Arch}`,
    memoryBytes: info.MemTotal ?? 0,
    cpus: info.NCPU ?? 0,
    disk: free && { path: path!, freeBytes: free.bavail * free.bsize },
    networks: networks.length,
    mostNetworks: name === "Podman" || info.DefaultAddressPools !== undefined ? undefined : USUAL_NETWORKS,
    images: info.Images ?? 0,
  };
}

interface Info {
  readonly Driver?: string;
  readonly DockerRootDir?: string;
  readonly MemTotal?: number;
  readonly NCPU?: number;
  readonly Images?: number;
  readonly DefaultAddressPools?: readonly unknown[];
}
