// SPDX-License-Identifier: Apache-2.0
// ./dev demo: the main job on one machine, from nothing. A real OpenBao, a software TPM, the gate and the node's daemons on a
// private bus; four unmodified programs get their secret; attackers with root look for it; and the same start is refused
// once one digit of the gate's policy is changed. Exit 0 only if all of it holds.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "base/secret_memory.h"
#include "codec/hex.h"
#include "crypto/digest.h"
#include "support/root_view.h"
#include "support/world.h"

using namespace ct;

namespace {

constexpr const char* kName = "DB_PASSWORD";
bool all_holds = true;

void check(bool holds, const std::string& what) {
    std::printf("    %s %s\n", holds ? "ok    " : "FAILED", what.c_str());
    all_holds = all_holds && holds;
}

struct Program {
    const char* title;
    std::vector<std::string> argv;
};

std::vector<Program> programs() {
    const std::string build = std::string(CT_BINARY_DIR) + "/tests/demo/";
    return {
        {"C, dynamic", {build + "show"}},
        {"C, static", {build + "show-static"}},
        {"Python",
         {"/usr/bin/python3", "-c",
          "import os, sys, hashlib\nv = os.environ['DB_PASSWORD'].encode()\n"
          "print(len(v), hashlib.sha256(v).hexdigest(), flush=True)\nsys.stdin.read()"}},
        {"shell",
         {"/bin/sh", "-c",
          "echo \"${#DB_PASSWORD} $(printf %s \"$DB_PASSWORD\" | sha256sum | cut -d' ' -f1)\"; read line || true"}}};
}

// A program that runs and waits for its input to end.
struct Running {
    test::Child child;
    Fd input;
    std::string output_file;
};

Result<Running> start(test::Launch launch, const std::string& output_file) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) < 0) return fail_errno(Reason::io_failed, "pipe");
    const Fd read_end(ends[0]);
    Fd write_end(ends[1]);
    launch.fds.emplace_back(read_end.get(), 0);
    launch.output = output_file;
    ::close(::open(output_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    CT_TRY(auto child, test::Child::start(launch));
    Running running{std::move(child), std::move(write_end), output_file};
    if (!test::wait_for_text(output_file, "\n", running.child, std::chrono::seconds(30)))
        return fail(Reason::timed_out, "the program printed nothing: " + read_file(output_file, 1 << 16).value_or(""));
    return running;
}

void show_guarded(test::World& world, const Program& program, const std::string& value) {
    std::printf("\n  %s: cloudtaser-run --workload payments -- %s\n", program.title, program.argv.front().c_str());
    auto running = start(world.run(program.argv), world.folder() + "/out");
    if (!running) return check(false, running.error().to_string());
    const int pid = running->child.pid();
    const auto printed = read_file(running->output_file, 1 << 16).value_or("");
    const auto expected = std::to_string(value.size()) + " " + hex_encode(crypto::sha256(as_bytes(value))) + "\n";
    check(printed == expected, "the program saw: length and SHA-256 " + printed.substr(0, printed.size() - 1));
    const auto entry = test::root_view::environ_entry(pid, kName);
    check(entry == std::string(kName) + "=", "/proc/" + std::to_string(pid) + "/environ shows: " + entry);
    const auto mappings = test::root_view::secret_mappings(pid);
    check(!mappings.empty(), "mapping: " + (mappings.empty() ? "none" : mappings.front()));
    for (const auto& sighting : test::root_view::attack(pid, kName, value))
        check(!sighting.found, "root, " + sighting.attack + ": saw " + sighting.words);
    const auto copies = test::root_view::copies_outside(pid, value);
    const std::string tier = test::root_view::tier_of(pid, kName, value);
    check(tier == "A" || tier == "B",
          "tier " + tier + ": " + std::to_string(copies.count) + " copies outside the secret page" +
              (copies.count > 0 ? ", in the runtime's own memory (" + copies.where.front() + ")" : ""));
    running->input.reset();
    check(running->child.wait(std::chrono::seconds(10)).value_or(-1) == 0, "it exits as it would alone");
}

// A miss of an attacker means something only if the same attacker finds the value where nobody guards it.
void show_plain(test::World& world, const std::string& value) {
    std::printf("\n  without CloudTaser, the same attackers on the same program:\n");
    test::Launch launch;
    launch.argv = programs().front().argv;
    launch.environment[kName] = value;
    // A plain program has no descriptor to steal: give it one, of a secret page that it forgot to close.
    auto page = create_secret_page(value.size(), Protection::memfd_secret);
    if (!page) return check(false, page.error().to_string());
    std::ranges::copy(value, page->mapping.bytes().begin());
    launch.fds.emplace_back(page->fd.get(), 5);
    auto running = start(launch, world.folder() + "/out");
    if (!running) return check(false, running.error().to_string());
    for (const auto& sighting : test::root_view::attack(running->child.pid(), kName, value))
        check(sighting.found, "root, " + sighting.attack + ": saw " + sighting.words);
}

void show_refusal(test::World& world) {
    std::printf("\n  the same start after one digit of PCR 7 in the gate's policy was changed:\n");
    test::World::Options changed;
    std::string digits = world.pcr(7);
    digits[0] = digits[0] == '0' ? '1' : '0';
    changed.pcrs[7] = digits;
    world.write_policy(changed);
    check(world.reload_gate().has_value(), "the gate reads its policy again");
    check(world.drop_grants().has_value(), "the node's grant is dropped");
    auto launch = world.run(programs().front().argv);
    const auto ran = test::run(launch);
    check(ran.code == 125, "cloudtaser-run exits with 125, and the program never started");
    check(ran.output.find("evidence_measurement_mismatch") != std::string::npos,
          ran.output.substr(0, ran.output.find('\n')));
}

}  // namespace

int main() {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    if (const auto why = test::World::missing()) {
        std::printf("demo: this machine lacks %s\n", why->c_str());
        return 1;
    }
    auto made = test::World::start();
    if (!made) {
        std::printf("demo: %s\n", made.error().to_string().c_str());
        return 1;
    }
    auto& world = **made;
    ByteArray<24> entropy{};
    if (!crypto::random_bytes(entropy)) return 1;
    const std::string value = hex_encode(entropy);
    world.bao().put_kv("payments", "{\"password\":\"" + value + "\"}");
    world.map(kName, "kv/payments#password");
    std::printf("  OpenBao %s at %s, a software TPM, the gate at %s, the node's daemons on a private bus\n",
                world.bao().version().c_str(), world.bao().url().c_str(), world.gate_address().c_str());
    std::printf("  the secret: kv/payments#password, %zu bytes, SHA-256 %s\n", value.size(),
                hex_encode(crypto::sha256(as_bytes(value))).c_str());

    show_plain(world, value);
    for (const auto& program : programs())
        show_guarded(world, program, value);
    show_refusal(world);
    std::printf("\n%s\n", all_holds ? "demo: ok" : "demo: FAILED");
    return all_holds ? 0 : 1;
}
