// Volume, VolumeOptions, Mount, Network
import { defineStack } from "stackspec";
import { GenericContainer } from "testcontainers";

export default defineStack("files", (stack) => {
  const uploads = stack.volume("uploads", { sizeMb: 16 });
  const back = stack.network("back");
  const web = stack.service("web", ({ image }) => new GenericContainer(image).withExposedPorts(80), {
    image: "nginx:1.30",
    mounts: [uploads.at("/usr/share/nginx/html", "ro")],
    networks: [back],
  });
  return { uploads, web };
});
