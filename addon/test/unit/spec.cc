#include "core/spec.h"

#include "core/error.h"
#include "test/unit/test.h"

using namespace tscompose;

namespace {

std::string config(const std::string& members) {
  return R"({"ociVersion":"1.2.0","root":{"path":"rootfs"})" + (members.empty() ? "" : "," + members) + "}";
}

std::string complaint(const std::string& json) { return CHECK_THROWS(InputError, parseSpec(json)).what(); }

}  // namespace

TEST("spec: a complaint names the place") {
  CHECK_EQUAL(complaint("{}"), "config.json.ociVersion: is required");
  CHECK_EQUAL(complaint(config(R"("process":{"cwd":"/","args":["a",1]})")),
              "config.json.process.args[1]: expected a string");
  CHECK_EQUAL(complaint(config(R"("process":{"cwd":"tmp"})")), "config.json.process.cwd: must be an absolute path");
  CHECK_EQUAL(complaint(config(R"("linux":{"namespaces":[{"type":"net"}]})")),
              "config.json.linux.namespaces[0].type: unknown namespace 'net'");
  CHECK_EQUAL(complaint(config(R"("hostname":"web")")), "config.json.hostname: needs a uts namespace");
}

TEST("spec: text that would be cut at a NUL is refused") {
  CHECK_EQUAL(complaint(config(R"("process":{"cwd":"/","args":["sh\u0000x"]})")),
              "config.json.process.args[0]: must not contain a NUL character");
}

TEST("spec: numbers out of range are refused, not wrapped") {
  CHECK_EQUAL(complaint(config(R"("process":{"cwd":"/","user":{"uid":4294967296}})")),
              "config.json.process.user.uid: number is out of range");
  CHECK_EQUAL(complaint(config(R"("process":{"cwd":"/","user":{"uid":-1}})")),
              "config.json.process.user.uid: must not be negative");
}

TEST("spec: null means absent, as Go writes an empty list") {
  auto spec = parseSpec(config(R"("mounts":null,"linux":{"devices":null,"resources":{"devices":null}})"));
  CHECK(spec.mounts.empty());
  CHECK(spec.linux_.resources.devices.empty());
}

TEST("spec: resources keep every limit") {
  auto resources =
      parseResources(R"({"memory":{"limit":-1,"swap":5,"disableOOMKiller":true},"cpu":{"shares":2,"quota":-1,
    "cpus":"0-1"},"pids":{"limit":7},"blockIO":{"throttleReadBpsDevice":[{"major":8,"minor":0,"rate":9}]},
    "devices":[{"allow":true,"type":"c","major":1,"minor":-1,"access":"rw"}],"unified":{"memory.high":"max"}})");
  CHECK_EQUAL(*resources.memory.limit, -1);
  CHECK(*resources.memory.disableOomKiller);
  CHECK_EQUAL(resources.cpu.cpus, "0-1");
  CHECK_EQUAL(*resources.pidsLimit, 7);
  CHECK_EQUAL(resources.blockIo.throttleReadBps.at(0).rate, 9U);
  CHECK(!resources.devices.at(0).minor);
  CHECK_EQUAL(resources.unified.at("memory.high"), "max");
}

TEST("spec: annotations become fields") {
  auto spec = parseSpec(config(R"("annotations":{"dev.tscompose.init":"true","dev.tscompose.groups":"[\"adm\"]",
    "dev.tscompose.overlay":"{\"lower\":[\"/a\",\"/b\"],\"upper\":\"/u\",\"work\":\"/w\",\"volatile\":true}"})"));
  CHECK(spec.init);
  CHECK_EQUAL(spec.overlay->lower.size(), 2U);
  CHECK(spec.overlay->isVolatile);
  CHECK_EQUAL(spec.overlay->upper, "/u");
  CHECK_EQUAL(spec.groupNames.at(0), "adm");
  auto text = complaint(config(R"("annotations":{"dev.tscompose.overlay":"{\"lower\":[]}"})"));
  CHECK(text.find("lower: must have at least one directory") != std::string::npos);
}
