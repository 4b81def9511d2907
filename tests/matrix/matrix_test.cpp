// SPDX-License-Identifier: Apache-2.0
// Each row is a program or runtime as it comes. It is started plainly and under cloudtaser-run, and for both: the value that it
// sees, what /proc/PID/environ shows of each process, the copies in ordinary memory, its exit code, its end by a signal.
#include "matrix/rig.h"

namespace ct::test::matrix {
namespace {

const Row kRows[] = {
    // Compiled programs, that use their environment in place.
    {"C, glibc", {"gcc"}, "gcc -O1 -o show $S/show.c", {"$B/show"}},
    {"C, glibc, static", {"gcc"}, "gcc -O1 -static -o show-static $S/show.c", {"$B/show-static"}},
    {"C, glibc, static PIE", {"gcc"}, "gcc -O1 -static-pie -o show-pie $S/show.c", {"$B/show-pie"}},
    {"C, environ", {"gcc"}, "gcc -O1 -o environ $S/environ.c", {"$B/environ"}},
    {"C, envp of main()", {"gcc"}, "gcc -O1 -o envp $S/envp.c", {"$B/envp"}},
    {"C, AddressSanitizer", {"gcc"}, "gcc -fsanitize=address -o show-asan $S/show.c", {"$B/show-asan"}},
    {"C, musl", {"musl-gcc"}, "musl-gcc -O1 -o show-musl $S/show.c", {"$B/show-musl"}},
    {"C, musl, static", {"musl-gcc"}, "musl-gcc -O1 -static -o show-musl-static $S/show.c", {"$B/show-musl-static"}},
    {"no library at all",
     {"gcc"},
     "gcc -O1 -static -nostdlib -ffreestanding -fno-stack-protector -o bare $S/bare.c",
     {"$B/bare"}},
    {"C++", {"g++"}, "g++ -O1 -o show-cpp $S/show.cpp", {"$B/show-cpp"}},
    {"Rust", {"rustc"}, "rustc -O -o show-rust $S/show.rs", {"$B/show-rust"}},
    {"Go", {"go"}, "CGO_ENABLED=0 go build -o show-go $S/show.go", {"$B/show-go"}},
    {"Go, cgo", {"go", "gcc"}, "CGO_ENABLED=1 go build -tags netcgo -o show-cgo $S/show.go", {"$B/show-cgo"}},

    // Runtimes.
    {"CPython", {"python3"}, {}, {"/usr/bin/python3", "$S/show.py"}},
    {"Node.js", {"node"}, {}, {"node", "$S/show.js"}},
    {"JVM", {"java", "javac"}, "javac -d . $S/Show.java", {"java", "-Xmx64m", "-cp", "$B/", "Show"}},
    {"Ruby",
     {"ruby"},
     {},
     {"ruby", "-e", "v = ENV['DB_PASSWORD']; puts 'ready'; $stdout.flush; $stdin.gets or exit 3; puts v; exit 7"}},
    {"Perl",
     {"perl"},
     {},
     {"perl", "-e",
      "my $v = $ENV{DB_PASSWORD}; $| = 1; print \"ready\\n\"; defined(<STDIN>) or exit 3; print \"$v\\n\"; exit 7"}},
    {"PHP",
     {"php"},
     {},
     {"php", "-r",
      "$v = getenv('DB_PASSWORD'); echo \"ready\\n\"; fgets(STDIN) === false and exit(3); echo \"$v\\n\"; exit(7);"}},
    {"Lua",
     {"lua5.4"},
     {},
     {"lua5.4", "-e",
      "v = os.getenv('DB_PASSWORD') print('ready') io.flush() if not io.read() then os.exit(3) end print(v) os.exit(7)"}},
    {"Tcl",
     {"tclsh"},
     "echo 'set v $env(DB_PASSWORD); puts ready; flush stdout; if {[gets stdin l] < 0} {exit 3}; puts $v; exit 7' > show.tcl",
     {"tclsh", "$B/show.tcl"}},
    {"gawk",
     {"gawk"},
     {},
     {"gawk",
      "BEGIN { v = ENVIRON[\"DB_PASSWORD\"]; print \"ready\"; fflush(); if ((getline l) <= 0) exit 3; print v; exit 7 }"}},
    {"mawk",
     {"mawk"},
     {},
     {"mawk",
      "BEGIN { v = ENVIRON[\"DB_PASSWORD\"]; print \"ready\"; fflush(); if ((getline l) <= 0) exit 3; print v; exit 7 }"}},
    {"jq", {"jq"}, {}, {"jq", "-r", "$ENV.DB_PASSWORD"}, "1\n", false},
    {"envsubst", {"envsubst"}, {}, {"envsubst"}, "$DB_PASSWORD\n", false},
    {"make", {"make"}, {}, {"make", "-s", "-f", "$S/show.mk"}},

    // Shells.
    {"dash", {"dash"}, {}, {"dash", "-c", "echo ready; read l || exit 3; echo $DB_PASSWORD; exit 7"}},
    {"bash", {"bash"}, {}, {"bash", "-c", "echo ready; read l || exit 3; echo $DB_PASSWORD; exit 7"}},
    {"zsh", {"zsh"}, {}, {"zsh", "-fc", "echo ready; read l || exit 3; echo $DB_PASSWORD; exit 7"}},
    {"mksh", {"mksh"}, {}, {"mksh", "-c", "echo ready; read l || exit 3; echo $DB_PASSWORD; exit 7"}},
    {"fish", {"fish"}, {}, {"fish", "--no-config", "-c", "echo ready; read l; or exit 3; echo $DB_PASSWORD; exit 7"}},
    {"busybox sh, static",
     {"busybox"},
     {},
     {"busybox", "sh", "-c", "echo ready; read l || exit 3; echo $DB_PASSWORD; exit 7"}},
    {"busybox awk",
     {"busybox"},
     {},
     {"busybox", "awk",
      "BEGIN { v = ENVIRON[\"DB_PASSWORD\"]; print \"ready\"; fflush(); if ((getline l) <= 0) exit 3; print v; exit 7 }"}},

    // Wrappers, in front of a C program.
    {"env", {"gcc"}, {}, {"env", "EXTRA=1", "$B/show"}},
    {"timeout", {"gcc"}, {}, {"timeout", "300", "$B/show"}},
    {"nice", {"gcc"}, {}, {"nice", "-n", "1", "$B/show"}},
    {"nohup", {"gcc"}, {}, {"nohup", "$B/show"}},
    {"setsid", {"gcc"}, {}, {"setsid", "-w", "$B/show"}},
    {"stdbuf (LD_PRELOAD)", {"gcc"}, {}, {"stdbuf", "-oL", "$B/show"}},
    {"find -exec", {"gcc"}, {}, {"find", "$B/show", "-exec", "{}", ";"}},
    {"flock", {"flock"}, {}, {"flock", "$B/lock", "$B/show"}},
    {"chrt, ionice", {"chrt", "ionice"}, {}, {"chrt", "-b", "0", "ionice", "-c3", "$B/show"}},
    {"setpriv to another user",
     {"setpriv"},
     {},
     {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "$B/show"}},
    {"unshare (mount namespace)", {"unshare"}, {}, {"unshare", "-m", "$B/show"}},
    {"tini", {"tini"}, {}, {"tini", "-s", "--", "$B/show"}},

    // Scripts and shims.
    {"entrypoint script, exec \"$@\"",
     {"gcc"},
     "printf '#!/bin/sh\\nset -e\\nexec \"$@\"\\n' > entry; chmod +x entry",
     {"$B/entry", "$B/show"}},
    {"a shim that execs three times",
     {"gcc", "bash"},
     "printf '#!/bin/sh\\nexec \"${0%%/*}/shim2\" \"$@\"\\n' > shim1; printf '#!/bin/bash\\nexec \"${0%%/*}/shim3\" \"$@\"\\n' > shim2; "
     "printf '#!/bin/sh\\nexec env -- \"$@\"\\n' > shim3; chmod +x shim1 shim2 shim3",
     {"$B/shim1", "$B/show"}},
    {"an export under another name",
     {"bash"},
     {},
     {"bash", "-c",
      "export PGPASSWORD=$DB_PASSWORD; unset DB_PASSWORD; exec dash -c 'echo ready; read l || exit 3; echo $PGPASSWORD; exit 7'"}},
    {"#!/usr/bin/python3", {"python3"}, {}, {"$S/show.py"}},
    {"npm start", {"npm", "node"}, {}, {"npm", "--silent", "--prefix", "$S/", "start"}},

    // Programs that start programs.
    {"CPython subprocess", {"python3"}, {}, {"/usr/bin/python3", "$S/show.py", "$B/show"}},
    {"CPython multiprocessing, spawn", {"python3"}, {}, {"/usr/bin/python3", "$S/show.py", "spawn"}},
    {"Node.js child_process", {"node"}, {}, {"node", "$S/show.js", "$B/show"}},
    {"Node.js cluster", {"node"}, {}, {"node", "$S/show.js", "cluster"}},
    {"Go os/exec", {"go"}, "CGO_ENABLED=0 go build -o spawn-go $S/spawn.go", {"$B/spawn-go", "$B/show"}},
    {"JVM ProcessBuilder",
     {"java", "javac"},
     "javac -d . $S/Show.java",
     {"java", "-Xmx64m", "-cp", "$B/", "Show", "$B/show"}},
    {"Ruby system()", {"ruby"}, {}, {"ruby", "-e", "system(ARGV[0]); exit $?.exitstatus || 1", "$B/show"}},
    {"Perl system()", {"perl"}, {}, {"perl", "-e", "system($ARGV[0]); exit($? >> 8)", "$B/show"}},
    {"pre-fork server", {"gcc"}, "gcc -O1 -o prefork $S/prefork.c", {"$B/prefork"}},
};

class Programs : public Matrix, public testing::WithParamInterface<Row> {};

TEST_P(Programs, HaveTheValueAndShowNone) { check(GetParam()); }

std::string test_name(const testing::TestParamInfo<Row>& info) {
    std::string name;
    for (const char c : info.param.name) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0)
            name += c;
        else if (c == '+')
            name += 'p';
        else if (!name.empty() && name.back() != '_')
            name += '_';
    }
    return name;
}

INSTANTIATE_TEST_SUITE_P(Matrix, Programs, testing::ValuesIn(kRows), test_name);

class Refused : public Matrix {};

TEST_F(Refused, ASetuidProgramNeverGetsAValue) {
    auto child = start({"/usr/bin/passwd", "--help"}, true);
    ASSERT_TRUE(child);
    const auto end = child->end();
    EXPECT_EQ(end.code, 125);
    EXPECT_NE(end.rest.find("target_setuid"), std::string::npos) << end.rest;
}

TEST_F(Refused, AProgramThatIsNotThereOrNotExecutable) {
    EXPECT_EQ(start({"/no/such/program"}, true)->end().code, 127);
    EXPECT_EQ(start({"/etc/passwd"}, true)->end().code, 126);
}

}  // namespace
}  // namespace ct::test::matrix
