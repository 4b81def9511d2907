// SPDX-License-Identifier: Apache-2.0
// The delivery matrix: unmodified programs and runtimes get their secret from a real OpenBao through the whole product. For
// each: the value is right, /proc/PID/environ shows an empty variable, copies outside the secret page are counted, and exit
// code and signals are those of a direct exec.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>

#include "codec/hex.h"
#include "crypto/digest.h"
#include "support/root_view.h"
#include "support/world.h"

namespace ct::test {
namespace {

using namespace std::chrono_literals;

constexpr const char* kName = "DB_PASSWORD";

// The distribution's own compilers and runtimes first: they need nothing of anybody's home.
std::string which(const std::string& program) {
    if (program.starts_with('/')) return ::access(program.c_str(), X_OK) == 0 ? program : "";
    for (const char* folder : {"/usr/bin", "/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/go/bin"})
        if (const auto path = std::string(folder) + "/" + program; ::access(path.c_str(), X_OK) == 0) return path;
    return "";
}

std::string source(const std::string& name) { return std::string(CT_SOURCE_DIR) + "/tests/matrix/programs/" + name; }

struct Case {
    std::string title;
    std::string needs;                 // program that must be there; the case is skipped otherwise
    std::vector<std::string> compile;  // run first; empty: nothing to do
    std::vector<std::string> argv;
    int exit_code = 7;
};

// One world for all cases: a launch under a live grant takes milliseconds.
class Matrix : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        if (World::missing()) return;
        auto made = World::start();
        if (!made) {
            ADD_FAILURE() << made.error().to_string();
            return;
        }
        world = std::move(*made);
        ByteArray<20> entropy{};
        ASSERT_TRUE(crypto::random_bytes(entropy));
        value = "m-" + hex_encode(entropy);
        world->bao().put_kv("payments", "{\"password\":\"" + value + "\"}");
        world->map(kName, "kv/payments#password");
        make_scripts();
    }
    static void TearDownTestSuite() {
        std::printf("\n  %-34s %-6s %s\n", "program", "tier", "copies outside the secret page");
        for (const auto& row : rows)
            std::printf("  %s\n", row.c_str());
        world.reset();
    }
    void SetUp() override {
        CT_NEEDS_WORLD();
        ASSERT_NE(world, nullptr);
    }

    static std::string made(const std::string& name) { return world->folder() + "/" + name; }
    static void script(const std::string& name, const std::string& text) {
        std::ofstream(made(name)) << text;
        ::chmod(made(name).c_str(), 0755);
    }
    static void make_scripts() {
        script("entrypoint.sh", "#!/bin/sh\nset -e\n: prepare\nexec \"$@\"\n");
        script("shim1", "#!/bin/sh\nexec " + made("shim2") + " \"$@\"\n");
        script("shim2", "#!/bin/bash\nexec " + made("shim3") + " \"$@\"\n");
        script("shim3", "#!/bin/sh\nexec env -- \"$@\"\n");
        script(
            "python-script",
            "#!/usr/bin/python3\nimport os, sys\nprint(os.environ['DB_PASSWORD'], flush=True)\nsys.stdin.read()\nsys.exit(7)\n");
        script("npm-like.sh", "#!/bin/sh\nsh -c 'sh -c \"$0\"' \"$1\"\nexit $?\n");
    }
    static void compile_c() {
        static const bool once = [] {
            return run({.argv = {"/usr/bin/gcc", "-O1", "-o", made("show"), source("show.c")}}).code == 0;
        }();
        ASSERT_TRUE(once);
    }

    void try_case(const Case& entry);

    inline static std::unique_ptr<World> world;
    inline static std::string value;
    inline static std::vector<std::string> rows;
};

struct Talk {
    Child child;
    Fd input, output;
};

Result<Talk> talk_to(Launch launch) {
    int in[2], out[2];
    if (::pipe2(in, O_CLOEXEC) < 0 || ::pipe2(out, O_CLOEXEC) < 0) return fail_errno(Reason::io_failed, "pipe");
    const Fd in_read(in[0]), out_write(out[1]);
    Fd in_write(in[1]), out_read(out[0]);
    launch.fds = {{in_read.get(), 0}, {out_write.get(), 1}};
    CT_TRY(auto child, Child::start(launch));
    return Talk{std::move(child), std::move(in_write), std::move(out_read)};
}

std::string read_line(const Fd& fd, Millis most) {
    std::string line;
    pollfd ready{fd.get(), POLLIN, 0};
    for (char c = 0;
         ::poll(&ready, 1, static_cast<int>(most.count())) == 1 && ::read(fd.get(), &c, 1) == 1 && c != '\n';)
        line += c;
    return line;
}

void Matrix::try_case(const Case& entry) {
    if (!entry.needs.empty() && which(entry.needs).empty()) GTEST_SKIP() << entry.needs << " is not installed";
    compile_c();
    if (!entry.compile.empty()) {
        auto compile = entry.compile;
        compile[0] = which(compile[0]);
        Launch launch{.argv = compile};
        launch.environment["HOME"] = world->folder();
        launch.environment["GOCACHE"] = made("go-cache");
        launch.environment["GOFLAGS"] = "-mod=mod";
        launch.directory = world->folder();
        const auto compiled = run(launch, 240s);
        ASSERT_EQ(compiled.code, 0) << compiled.output;
    }
    auto argv = entry.argv;
    argv[0] = which(argv[0]);
    auto talk = talk_to(world->run(argv));
    ASSERT_TRUE(talk) << talk.error().to_string();
    const auto line = read_line(talk->output, 60s);
    const int pid = talk->child.pid();
    EXPECT_TRUE(line == value) << "the program printed another value of " << line.size() << " bytes\n"
                               << talk->child.output(1ms);
    // The empty entry, or none where a wrapper's child holds it; never the value.
    EXPECT_EQ(root_view::environ_entry(pid, kName), std::string(kName) + "=");
    const auto copies = root_view::copies_outside(pid, value);
    const auto tier = root_view::tier_of(pid, kName, value);
    EXPECT_TRUE(tier == "A" || tier == "B") << tier;
    for (const auto& sighting : root_view::attack(pid, kName, value)) {
        // A runtime may copy the value to its own stack as to its heap: that is tier B, and counted there.
        const bool own_copy =
            tier == "B" && sighting.attack != "read /proc/PID/environ" && sighting.attack != "pidfd_getfd + mmap";
        EXPECT_TRUE(!sighting.found || own_copy) << sighting.attack;
    }
    char row[160];
    std::snprintf(row, sizeof row, "%-34s %-6s %zu%s%s", entry.title.c_str(), tier.c_str(), copies.count,
                  copies.count > 0 ? " in " : "", copies.count > 0 ? copies.where.front().c_str() : "");
    rows.emplace_back(row);
    talk->input.reset();
    EXPECT_EQ(talk->child.wait(30s).value_or(-1), entry.exit_code);

    // The same, ended by a signal.
    auto again = talk_to(world->run(argv));
    ASSERT_TRUE(again);
    EXPECT_TRUE(read_line(again->output, 60s) == value);
    again->child.signal(SIGKILL);
    EXPECT_EQ(again->child.wait(30s).value_or(-1), 128 + SIGKILL);
}

#define MATRIX_CASE(id, ...)                                                                                           \
    TEST_F(Matrix, id) {                                                                                               \
        const Case entry __VA_ARGS__;                                                                                  \
        try_case(entry);                                                                                               \
    }                                                                                                                  \
    static_assert(true)

MATRIX_CASE(CDynamic, {"C, dynamic", "gcc", {}, {made("show")}});
MATRIX_CASE(CStatic, {"C, static",
                      "gcc",
                      {"gcc", "-static", "-o", made("show-static"), source("show.c")},
                      {made("show-static")}});
MATRIX_CASE(CStaticPie, {"C, static PIE",
                         "gcc",
                         {"gcc", "-static-pie", "-o", made("show-pie"), source("show.c")},
                         {made("show-pie")}});
MATRIX_CASE(CMusl, {"C, musl, static",
                    "musl-gcc",
                    {"musl-gcc", "-static", "-o", made("show-musl"), source("show.c")},
                    {made("show-musl")}});
MATRIX_CASE(CMuslDynamic, {"C, musl, dynamic",
                           "musl-gcc",
                           {"musl-gcc", "-o", made("show-musl-dyn"), source("show.c")},
                           {made("show-musl-dyn")}});
MATRIX_CASE(CEnvp, {"C, envp of main()", "gcc", {"gcc", "-o", made("walk"), source("walk.c")}, {made("walk")}});
MATRIX_CASE(Cxx, {"C++", "g++", {"g++", "-o", made("show-cxx"), source("show.cpp")}, {made("show-cxx")}});
MATRIX_CASE(Go, {"Go", "go", {"go", "build", "-o", made("show-go"), source("show.go")}, {made("show-go")}});
MATRIX_CASE(Rust, {"Rust", "rustc", {"rustc", "-o", made("show-rust"), source("show.rs")}, {made("show-rust")}});
MATRIX_CASE(Java, {"JVM",
                   "javac",
                   {"javac", "-d", made(""), source("Show.java")},
                   {"java", "-Xshare:auto", "-Xmx64m", "-cp", made(""), "Show"}});
MATRIX_CASE(Python, {"CPython",
                     "python3",
                     {},
                     {"/usr/bin/python3", "-c",
                      "import os,sys\nprint(os.environ['DB_PASSWORD'],flush=True)\nsys.stdin.read()\nsys.exit(7)"}});
MATRIX_CASE(
    Node,
    {"Node.js",
     "node",
     {},
     {"node", "-e",
      "console.log(process.env.DB_PASSWORD);process.stdin.resume();process.stdin.on('end',()=>process.exit(7))"}});
MATRIX_CASE(Ruby,
            {"Ruby", "ruby", {}, {"ruby", "-e", "$stdout.sync=true; puts ENV['DB_PASSWORD']; STDIN.read; exit 7"}});
MATRIX_CASE(Perl,
            {"Perl", "perl", {}, {"perl", "-e", "$|=1; print \"$ENV{DB_PASSWORD}\\n\"; 1 while <STDIN>; exit 7"}});
MATRIX_CASE(
    Php, {"PHP", "php", {}, {"php", "-r", "echo getenv('DB_PASSWORD'),\"\\n\"; stream_get_contents(STDIN); exit(7);"}});
MATRIX_CASE(
    Lua, {"Lua", "lua5.4", {}, {"lua5.4", "-e", "print(os.getenv('DB_PASSWORD')) io.flush() io.read('a') os.exit(7)"}});
MATRIX_CASE(Awk, {"gawk",
                  "gawk",
                  {},
                  {"gawk", "BEGIN{print ENVIRON[\"DB_PASSWORD\"]; fflush(); while((getline l)>0); exit 7}"}});
MATRIX_CASE(Dash, {"dash", "dash", {}, {"dash", "-c", "echo \"$DB_PASSWORD\"; read x; exit 7"}});
MATRIX_CASE(Bash, {"bash", "bash", {}, {"bash", "-c", "echo \"$DB_PASSWORD\"; read x; exit 7"}});
MATRIX_CASE(Zsh, {"zsh", "zsh", {}, {"zsh", "-fc", "echo \"$DB_PASSWORD\"; read x; exit 7"}});
MATRIX_CASE(Busybox, {"busybox sh, static",
                      "/bin/busybox",
                      {},
                      {"/bin/busybox", "sh", "-c", "echo \"$DB_PASSWORD\"; read x; exit 7"}});
MATRIX_CASE(Timeout, {"timeout, then C (exec'd child)", "timeout", {}, {"timeout", "60", made("show")}});
MATRIX_CASE(Nice, {"nice, then C", "nice", {}, {"nice", "-n", "1", made("show")}});
MATRIX_CASE(Env, {"env, then C", "env", {}, {"env", "EXTRA=1", made("show")}});
MATRIX_CASE(Nohup, {"nohup, then C", "nohup", {}, {"nohup", made("show")}});
MATRIX_CASE(Setsid, {"setsid, then C", "setsid", {}, {"setsid", "-w", made("show")}});
MATRIX_CASE(Stdbuf, {"stdbuf (LD_PRELOAD), then C", "stdbuf", {}, {"stdbuf", "-oL", made("show")}});
MATRIX_CASE(Entrypoint, {"entrypoint script, exec \"$@\"", "", {}, {made("entrypoint.sh"), made("show")}});
MATRIX_CASE(ThreeShims, {"a shim that execs three times", "", {}, {made("shim1"), made("show")}});
MATRIX_CASE(ScriptPython, {"a script with #!python3", "python3", {}, {made("python-script")}});
MATRIX_CASE(ChildOfShells, {"shells that start shells (npm)", "", {}, {made("npm-like.sh"), made("show")}});
MATRIX_CASE(Prefork,
            {"pre-fork server", "gcc", {"gcc", "-o", made("prefork"), source("prefork.c")}, {made("prefork")}});

TEST_F(Matrix, ASetuidProgramIsRefusedAndNeverGetsAPlainValue) {
    const auto ran = run(world->run({"/usr/bin/passwd", "--help"}));
    EXPECT_EQ(ran.code, 125);
    EXPECT_NE(ran.output.find("target_setuid"), std::string::npos) << ran.output;
}

TEST_F(Matrix, AProgramThatIsNotThereIsReportedAsAShellDoes) {
    EXPECT_EQ(run(world->run({"/no/such/program"})).code, 127);
    EXPECT_EQ(run(world->run({"/etc/passwd"})).code, 126);
}

}  // namespace
}  // namespace ct::test
