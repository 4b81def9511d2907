// SPDX-License-Identifier: Apache-2.0
// Execs within the tree: the secret goes on, by policy, and never lies on a stack.
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "bus/run/rig.h"

namespace ct::test {
namespace {

class Tree : public Guarded {};

TEST_F(Tree, ScriptsWrappersAndShimsKeepTheSecret) {
    const TempDir folder;
    const auto entrypoint = folder.write("entrypoint", "#!/bin/sh\nset -e\nexec \"$@\"\n", 0755);
    const auto shim = folder.write(
        "shim", "#!/bin/bash\nexec bash -c 'exec env sh -c \"exec \\\"\\$@\\\"\" shim \"$@\"' shim \"$@\"\n", 0755);
    auto child =
        guarded({entrypoint, shim, "timeout", "60", "nice", "-n", "1", "nohup", probe(), "hold", "DB_PASSWORD"});
    ASSERT_TRUE(child.line_comes("ready"));
    // timeout forks; what it runs is the probe.
    for (const int pid : process_tree(child.pid())) {
        const auto shown = shown_value(pid, "DB_PASSWORD");
        ASSERT_TRUE(shown);
        EXPECT_EQ(shown->find_first_not_of('\0'), std::string::npos) << *shown;
        EXPECT_EQ(describe(*find_copies(pid, secret_)), "none")
            << read_file("/proc/" + std::to_string(pid) + "/comm", 64).value_or("");
    }
    child.say("\n");
    EXPECT_EQ(child.end().rest, secret_ + "\n");
}

TEST_F(Tree, AValueExportedUnderAnotherNameIsTheSameSecret) {
    auto child =
        guarded({"/bin/sh", "-c", "export PGPASSWORD=$DB_PASSWORD; unset DB_PASSWORD; exec $PROBE hold PGPASSWORD"});
    ASSERT_TRUE(child.line_comes("ready"));
    EXPECT_EQ(shown_value(child.pid(), "PGPASSWORD"), std::string(1, '\0'));
    EXPECT_FALSE(shown_value(child.pid(), "DB_PASSWORD")) << "what the program removed stays removed";
    EXPECT_EQ(describe(*find_copies(child.pid(), secret_)), "none");
    child.say("\n");
    expect_ok(child.end(), secret_ + "\n");
    // And on from there, by pointer.
    expect_ok(script("export PGPASSWORD=$DB_PASSWORD; exec env -u DB_PASSWORD sh -c 'exec $PROBE value PGPASSWORD'"),
              secret_ + "\n");
}

TEST_F(Tree, WhatTheProgramChangedIsItsOwn) {
    expect_ok(script("DB_PASSWORD=mine exec $PROBE value DB_PASSWORD"), "mine\n");
    expect_ok(script("DB_PASSWORD= exec $PROBE value DB_PASSWORD"), "\n");
    expect_ok(script("unset DB_PASSWORD; exec $PROBE value DB_PASSWORD"), "(unset)\n");
    expect_ok(script("exec env -i $PROBE value DB_PASSWORD"), "(unset)\n");
    expect_ok(script("DB_PASSWORD=${DB_PASSWORD}x exec $PROBE value DB_PASSWORD"), secret_ + "x\n");
    expect_ok(script("unset DB_PASSWORD; exec $PROBE value TOKEN"), token_ + "\n");
}

TEST_F(Tree, AProcessCannotReachASecretThatItWasNotGiven) {
    auto child = guarded({"/bin/sh", "-c", "unset DB_PASSWORD; exec $PROBE hold TOKEN"});
    ASSERT_TRUE(child.line_comes("ready"));
    // Its page is its own: "TOKEN=value\0" and nothing behind it. Read as only the process itself can, by a write(2).
    child.say("\n");
    expect_ok(child.end(), token_ + "\n");
}

TEST_F(Tree, StrippedSecretsStayWithTheLaunchedProcess) {
    secretd_->set("DB_PASSWORD", {secret_, false});
    expect_ok(script("exec sh -c 'exec $PROBE value DB_PASSWORD'"), secret_ + "\n");
    expect_ok(script("$PROBE value DB_PASSWORD; $PROBE value TOKEN"), "\n" + token_ + "\n");
    expect_ok(script("export COPY=$DB_PASSWORD; $PROBE value COPY; :"), "\n");
    auto child = guarded({"/bin/sh", "-c", "$PROBE hold DB_PASSWORD; :"});
    ASSERT_TRUE(child.line_comes("ready"));
    for (const int pid : children_of(child.pid())) {
        EXPECT_EQ(shown_value(pid, "DB_PASSWORD"), std::string(1, '\0'));
        EXPECT_EQ(describe(*find_copies(pid, secret_)), "none");
    }
    child.say("\n");
    expect_ok(child.end(), "\n");
}

TEST_F(Tree, ARotatedSecretIsNewInTheNextImageAndTheOldOneIsNotHandedOn) {
    auto child = guarded({"/bin/bash", "-c", "echo ready; read x; exec $PROBE hold DB_PASSWORD"});
    ASSERT_TRUE(child.line_comes("ready"));
    secretd_->set("DB_PASSWORD", {"rotated-" + token_});
    child.say("go\n");
    ASSERT_TRUE(child.line_comes("ready"));
    EXPECT_EQ(shown_value(child.pid(), "DB_PASSWORD"), std::string(1, '\0'));
    EXPECT_EQ(describe(*find_copies(child.pid(), secret_)), "none") << "the old value, from bash's heap";
    child.say("\n");
    expect_ok(child.end(), "rotated-" + token_ + "\n");
}

TEST_F(Tree, AnEndedSessionArmsNothing) {
    auto child = guarded({"/bin/bash", "-c", "echo ready; read x; $PROBE value DB_PASSWORD; echo $DB_PASSWORD"});
    ASSERT_TRUE(child.line_comes("ready"));
    secretd_->end_sessions();
    child.say("go\n");
    expect_ok(child.end(), "\n" + secret_ + "\n");
}

TEST_F(Tree, ASecretThatCannotBeFetchedNowEndsTheExecInWords) {
    auto child = guarded({"/bin/bash", "-c", "echo ready; read x; $PROBE value DB_PASSWORD; echo $?"});
    ASSERT_TRUE(child.line_comes("ready"));
    secretd_->refuse_arming(Error{Reason::quota_exceeded, "not now", 0});
    child.say("go\n");
    expect_ok(child.end(), "cloudtaser-run: quota_exceeded: not now\n125\n");
}

TEST_F(Tree, FailedExecsFailAsTheyWould) {
    const TempDir folder;
    const auto data = folder.write("data", "x", 0644);
    const auto text = folder.write("text", "x", 0755);
    for (const auto& [path, name] : std::vector<std::pair<std::string, std::string>>{{"/no/such/program", "ENOENT"},
                                                                                     {data, "EACCES"},
                                                                                     {text, "ENOEXEC"},
                                                                                     {data + "/x", "ENOTDIR"},
                                                                                     {folder.path(), "EACCES"}})
        expect_ok(script("exec $PROBE execve DB_PASSWORD " + path), name + " same\n");
    expect_ok(script("exec $PROBE badenv x /bin/true"), "EFAULT\n");
    // A search through PATH, by vfork and by fork.
    expect_ok(script("PATH=/no:/nowhere:" + folder.path() +
                     ":/bin:/usr/bin; env printenv DB_PASSWORD; timeout 9 printenv TOKEN"),
              secret_ + "\n" + token_ + "\n");
    EXPECT_EQ(script("exec env no-such-program").code, 127);
}

TEST_F(Tree, ExecByDescriptorAndFromAnotherThread) {
    expect_ok(script("exec $PROBE fexecve x $PROBE value DB_PASSWORD"), secret_ + "\n");
    expect_ok(script("exec $PROBE in-thread x $PROBE value DB_PASSWORD"), secret_ + "\n");
}

TEST_F(Tree, ThreadsThatExecAtOnceDoNotHang) {
    for (int i = 0; i < 10; ++i)
        expect_ok(script("exec $PROBE race 8 $PROBE value DB_PASSWORD"), secret_ + "\n");
}

TEST_F(Tree, SpawningDoesNotGrowTheParent) {
    const auto end = script("exec $PROBE spawn 50 /bin/sh -c '[ \"$DB_PASSWORD\" ]'");
    EXPECT_EQ(end.code, 0) << end.rest;
    int grown = -1;
    ASSERT_EQ(std::sscanf(end.rest.c_str(), "maps grew by %d", &grown), 1) << end.rest;
    EXPECT_LE(grown, 4) << "a thread's stack and guard page, and at most one stand-in for each thread";
}

TEST_F(Tree, ManyProcessesExecAtOnce) {
    std::string expected;
    for (int i = 0; i < 40; ++i)
        expected += secret_ + "\n";
    expect_ok(script("for i in $(seq 40); do (exec timeout 60 env sh -c 'exec $PROBE value DB_PASSWORD') & done; wait"),
              expected);
}

TEST_F(Tree, ADeepTreeOfExecs) {
    const TempDir folder;
    const auto deeper = folder.write(
        "deeper", "#!/bin/bash\n[ $1 = 0 ] && exec $PROBE value DB_PASSWORD\nexec env nice \"$0\" $(($1 - 1))\n", 0755);
    expect_ok(script(deeper + " 20"), secret_ + "\n");
}

TEST_F(Tree, OneThatWaitsForSecretdKeepsNobodyElseWaiting) {
    auto child =
        guarded({"/bin/bash", "-c",
                 "echo ready; read x; ($PROBE value DB_PASSWORD &) ; (exec -c /bin/echo passed); read x; wait"});
    ASSERT_TRUE(child.line_comes("ready"));
    secretd_->hold_arming(true);
    child.say("go\n");
    EXPECT_TRUE(child.line_comes("passed"));
    secretd_->hold_arming(false);
    EXPECT_TRUE(child.line_comes(secret_));
    child.say("end\n");
    EXPECT_EQ(child.end().code, 0);
}

TEST_F(Tree, AProcessKilledWhileItWaitsHoldsNothingUp) {
    auto child = guarded(
        {"/bin/bash", "-c",
         "echo ready; read x; $PROBE value DB_PASSWORD & pid=$!; read x; kill -9 $pid; wait $pid; echo $?; read x; exec $PROBE value DB_PASSWORD"});
    ASSERT_TRUE(child.line_comes("ready"));
    const int armed = secretd_->armed();
    secretd_->hold_arming(true);
    child.say("go\n");
    // The child hangs in its exec: its asking has reached secretd once the guard holds it.
    while (children_of(child.pid()).empty())
        std::this_thread::yield();
    child.say("kill\n");
    EXPECT_TRUE(child.line_comes("137"));
    secretd_->hold_arming(false);
    child.say("on\n");
    EXPECT_EQ(child.end().rest, secret_ + "\n");
    EXPECT_GT(secretd_->armed(), armed);
}

TEST_F(Tree, SignalsThatArriveDuringAnExecAreNotLostAndDoNoHarm) {
    for (int i = 0; i < 10; ++i)
        expect_ok(script("exec $PROBE handler x $PROBE value DB_PASSWORD"), secret_ + "\n");
}

TEST_F(Tree, AFullDescriptorTableIsNoObstacle) {
    // A static program: a dynamic one could not open its libraries.
    expect_ok(script("ulimit -S -n 32; exec $PROBE fill x " + probe() + "_static value DB_PASSWORD"), secret_ + "\n");
}

TEST_F(Tree, A32BitImageGetsNamesOnly) {
    const auto end = script("exec " + exec32());
    if (end.rest.find("xec format") != std::string::npos) GTEST_SKIP() << "a kernel without 32-bit emulation";
    EXPECT_EQ(end.code, 0);
    EXPECT_NE(end.rest.find("DB_PASSWORD=\n"), std::string::npos) << end.rest;
    EXPECT_EQ(end.rest.find(secret_), std::string::npos);
}

TEST_F(Tree, WithoutItsGuardNoExecWorksAndTheProgramRunsOn) {
    auto child = guarded(
        {"/bin/bash", "-c",
         "echo ready; read x; $PROBE value DB_PASSWORD; echo ${DB_PASSWORD:0:5} $?; exec $PROBE value DB_PASSWORD"});
    ASSERT_TRUE(child.line_comes("ready"));
    const int guard = guard_pid();
    ASSERT_NE(guard, 0);
    ::kill(guard, SIGKILL);
    child.say("go\n");
    const auto end = child.end();
    EXPECT_NE(end.rest.find(secret_.substr(0, 5) + " 126"), std::string::npos) << end.rest;
    EXPECT_NE(end.rest.find("Function not implemented"), std::string::npos) << end.rest;
    EXPECT_EQ(end.code, 126);
}

TEST_F(Tree, TheTreeMayHaveAnotherUser) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    expect_ok(
        script(
            "exec setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all sh -c 'id -u; exec $PROBE value DB_PASSWORD'"),
        "65534\n" + secret_ + "\n");
}

TEST_F(Tree, AnOrdinaryUserNeedsNothingSpecial) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to become an ordinary user";
    const auto become = [] {
        if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(99);
    };
    auto child = guarded({"/bin/sh", "-c", "exec timeout 60 env sh -c 'id -u; exec $PROBE hold DB_PASSWORD'"},
                         {.before_exec = become});
    ASSERT_TRUE(child.line_comes("65534"));
    ASSERT_TRUE(child.line_comes("ready"));
    for (const int pid : process_tree(child.pid()))
        EXPECT_EQ(describe(*find_copies(pid, secret_)), "none");
    child.say("\n");
    expect_ok(child.end(), secret_ + "\n");
}

TEST_F(Tree, AProcessThatForbidsTracingCannotHandASecretOn) {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root to become an ordinary user";
    const auto become = [] {
        if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(99);
    };
    expect_ok(script("exec $PROBE undumpable x $PROBE value DB_PASSWORD", {.before_exec = become}), "EPERM\n");
    // Root's guard may hold any process.
    expect_ok(script("exec $PROBE undumpable x $PROBE value DB_PASSWORD"), secret_ + "\n");
}

// The strongest claim, attacked: readers that look at every environment block and every stack of the tree, as fast as they can,
// while it execs without a pause.
TEST_F(Tree, AtNoMomentDoesTheValueLieInAnEnvironmentBlock) {
    auto child = guarded(
        {"/bin/bash", "-c",
         "echo ready; read x; for i in $(seq 150); do /bin/env -u NOTHING /bin/true; done; exec $PROBE value TOKEN"});
    ASSERT_TRUE(child.line_comes("ready"));
    std::atomic<bool> stop = false;
    std::atomic<int> looks = 0, hits = 0;
    const auto reader = [&] {
        while (!stop) {
            for (const int pid : process_tree(child.pid())) {
                const auto block = environment_block(pid);
                if (!block) continue;
                ++looks;
                if (block->find(secret_) != std::string::npos || block->find(token_) != std::string::npos) ++hits;
            }
        }
    };
    std::thread first(reader), second(reader);
    child.say("go\n");
    const auto end = child.end();
    stop = true;
    first.join();
    second.join();
    EXPECT_EQ(end.rest, token_ + "\n");
    EXPECT_GT(looks, 100);
    EXPECT_EQ(hits, 0) << "of " << looks;
}

}  // namespace
}  // namespace ct::test
