// SPDX-License-Identifier: Apache-2.0
// Faults of a server, scripted. What a good one does is shown with the real OpenBao in tests/bus/openbao.
#include "http/client.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "support/bao.h"
#include "support/http_rig.h"
#include "support/scripted_http.h"

namespace ct {
namespace {

using test::Authority;
using test::HttpRig;
using test::ScriptedHttp;
using test::TempDir;
using Peer = ScriptedHttp::Peer;

class HttpClient : public ::testing::Test {
protected:
    static void SetUpTestSuite() {
        ASSERT_TRUE(crypto::use_secret_arena());
        ASSERT_TRUE(http::use_secret_arena());
        auto made = Authority::create();
        ASSERT_TRUE(made) << made.error().to_string();
        authority = std::make_unique<Authority>(std::move(*made));
    }
    static void TearDownTestSuite() { authority.reset(); }

    static http::Options options(const ScriptedHttp& server) {
        http::Options options;
        options.host = "127.0.0.1";
        options.port = server.port();
        options.ca_file = authority->ca_file();
        return options;
    }
    static HttpRig rig_for(const ScriptedHttp& server) {
        return HttpRig(options(server), test::dial_loopback(server.port()));
    }
    // One request to a server with this one script.
    static Result<http::Response> ask(ScriptedHttp::Script script, std::size_t reply_limit = limits::kVaultReply) {
        ScriptedHttp server(authority->server(), {std::move(script)});
        auto limited = options(server);
        limited.reply_limit = reply_limit;
        HttpRig rig(limited, test::dial_loopback(server.port()));
        return rig.get("/x");
    }
    static Result<http::Response> ask_raw(const std::string& bytes) {
        return ask([bytes](Peer& peer) {
            peer.read_request();
            peer.write(bytes);
        });
    }

    static inline std::unique_ptr<Authority> authority;
};

http::Request post(std::string_view body, bool idempotent) {
    http::Request request;
    request.method = "POST";
    request.path = "/p";
    request.body = SecretBuffer::copy_of(as_bytes(body)).value();
    request.idempotent = idempotent;
    return request;
}

TEST_F(HttpClient, KeepsOneConnectionForRequestsOneAfterTheOther) {
    ScriptedHttp server(authority->server(), {[](Peer& peer) {
                            for (int i = 0; i < 3; ++i) {
                                peer.read_request();
                                peer.answer(200, std::to_string(i), "X-Name:  a value \r\n");
                            }
                            peer.wait_closed();
                        }});
    {
        HttpRig rig = rig_for(server);
        for (int i = 0; i < 3; ++i) {
            auto got = rig.get("/x");
            ASSERT_TRUE(got) << got.error().to_string();
            EXPECT_EQ(got->status, 200);
            EXPECT_EQ(got->body.text(), std::to_string(i));
            ASSERT_EQ(got->headers.size(), 2U);
            EXPECT_EQ(got->headers[1], (std::pair<std::string, std::string>("x-name", "a value")));
        }
        EXPECT_EQ(rig.client->counters().connections, 1U);
        EXPECT_EQ(rig.client->counters().requests, 3U);
        EXPECT_EQ(rig.client->counters().flights, 3U);
    }
    server.join();
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(HttpClient, QueuesRequestsOnAServerWithoutHttp2) {
    ScriptedHttp server(authority->server(), {[](Peer& peer) {
                            for (int i = 0; i < 5; ++i) {
                                peer.read_request();
                                peer.answer(200, "ok");
                            }
                            peer.wait_closed();
                        }});
    HttpRig rig = rig_for(server);
    int good = 0;
    for (int i = 0; i < 5; ++i)
        rig.client->send(http::Request{.path = "/" + std::to_string(i)}, [&](Result<http::Response> got) {
            if (got && got->status == 200) ++good;
        });
    EXPECT_TRUE(test::turn_until(rig.loop, [&] { return good == 5; }));
    EXPECT_EQ(rig.client->counters().connections, 1U);
}

TEST_F(HttpClient, SendsWhatItWasGivenAndNothingOfTheSurroundings) {
    ScriptedHttp server(authority->server(), {[](Peer& peer) {
                            for (int i = 0; i < 3; ++i) {
                                peer.read_request();
                                peer.answer(200, "");
                            }
                        }});
    HttpRig rig = rig_for(server);
    http::Request request = post("{\"a\":1}", true);
    request.headers.emplace_back("authorization", SecretString("Bearer a-token-that-is-long"));
    request.headers.emplace_back("x-empty", SecretString());
    ASSERT_TRUE(rig.send(std::move(request)));
    http::Request list;
    list.method = "LIST";
    list.path = "/a/../b//c?x=%2F";
    ASSERT_TRUE(rig.send(std::move(list)));
    http::Request empty;
    empty.method = "PUT";
    empty.path = "/e";
    ASSERT_TRUE(rig.send(std::move(empty)));
    server.join();
    const std::string host = "Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n";
    EXPECT_EQ(server.requests().at(0), "POST /p HTTP/1.1\r\n" + host +
                                           "Accept: */*\r\nContent-Type: application/json\r\n"
                                           "authorization: Bearer a-token-that-is-long\r\nx-empty:\r\n"
                                           "Content-Length: 7\r\n\r\n{\"a\":1}");
    EXPECT_EQ(server.requests().at(1), "LIST /a/../b//c?x=%2F HTTP/1.1\r\n" + host + "Accept: */*\r\n\r\n");
    EXPECT_TRUE(server.requests().at(2).starts_with("PUT /e HTTP/1.1\r\n"));
    EXPECT_TRUE(server.requests().at(2).contains("Content-Length: 0\r\n"));
}

TEST_F(HttpClient, RefusesToSendWhatWouldBreakTheFraming) {
    ScriptedHttp server(authority->server(), {});
    HttpRig rig = rig_for(server);
    using namespace std::string_literals;
    for (const auto& path : {""s, "x"s, "/a b"s, "/a\r\nX: y"s, "/a#b"s, "/\xC3\xA9"s, "/a\0"s}) {
        const auto got = rig.get(path);
        ASSERT_FALSE(got) << path;
        EXPECT_EQ(got.error().reason, Reason::invalid_argument) << path;
    }
    for (const auto& [name, value] :
         {std::pair{"x", "a\r\nb: c"}, {"x\r\ny", "a"}, {"", "a"}, {"x:", "a"}, {"x", "\x01"}}) {
        http::Request request;
        request.path = "/";
        request.headers.emplace_back(name, SecretString(value));
        EXPECT_EQ(rig.send(std::move(request)).error().reason, Reason::invalid_argument) << name;
    }
    http::Request request;
    request.method = "GET /";
    request.path = "/";
    EXPECT_EQ(rig.send(std::move(request)).error().reason, Reason::invalid_argument);
    EXPECT_EQ(rig.client->counters().requests, 0U);
}

TEST_F(HttpClient, ReadsABodyHoweverItIsCut) {
    const auto got = ask([](Peer& peer) {
        peer.read_request();
        const std::string_view bytes =
            "HTTP/1.1 100 Continue\r\nX-Interim: 1\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            "1\r\na\r\n3\r\nbcd\r\n1\r\ne\r\n0\r\n\r\n";
        for (std::size_t i = 0; i < bytes.size(); ++i)
            peer.write(bytes.substr(i, 1));
        peer.wait_closed();
    });
    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_EQ(got->body.text(), "abcde");
    for (const auto& [name, value] : got->headers)
        EXPECT_NE(name, "x-interim");
}

TEST_F(HttpClient, TakesABodyOfTheLimitAndNotAByteMore) {
    const auto sized = [](std::size_t size, bool announced) {
        return [=](Peer& peer) {
            peer.read_request();
            if (announced) return peer.answer(200, std::string(size, 'x'));
            peer.write("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
            std::array<char, 16> hex{};
            std::snprintf(hex.data(), hex.size(), "%zx\r\n", size);
            peer.write(std::string(hex.data()) + std::string(size, 'x') + "\r\n0\r\n\r\n");
        };
    };
    for (const bool announced : {true, false}) {
        const auto most = ask(sized(100'000, announced), 100'000);
        ASSERT_TRUE(most) << most.error().to_string();
        EXPECT_EQ(most->body.size(), 100'000U);
        EXPECT_EQ(ask(sized(100'001, announced), 100'000).error().reason, Reason::too_large);
    }
    const auto mebibyte = ask(sized(1 << 20, false));
    ASSERT_TRUE(mebibyte);
    EXPECT_EQ(mebibyte->body.text(), std::string(1 << 20, 'x'));
}

TEST_F(HttpClient, NeverTakesAPartForTheWhole) {
    for (const std::string bytes : {
             "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
         }) {
        const auto got = ask_raw(bytes);
        ASSERT_FALSE(got) << bytes;
        EXPECT_EQ(got.error().reason, Reason::io_failed) << bytes;
    }
}

TEST_F(HttpClient, RefusesWhatIsNotHttp) {
    for (const std::string& bytes : {
             std::string("hello\r\n\r\n"),
             std::string("SSH-2.0-OpenSSH\r\n"),
             std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"),
             std::string("HTTP/1.1 700 X\r\nContent-Length: 0\r\n\r\n"),
         }) {
        const auto got = ask_raw(bytes);
        ASSERT_FALSE(got) << bytes;
        EXPECT_TRUE(got.error().reason == Reason::malformed || got.error().reason == Reason::io_failed)
            << bytes << got.error().to_string();
    }
    std::string many = "HTTP/1.1 200 OK\r\n";
    for (int i = 0; i < 200; ++i)
        many += "X-" + std::to_string(i) + ": y\r\n";
    EXPECT_EQ(ask_raw(many + "\r\n").error().reason, Reason::too_large);
}

TEST_F(HttpClient, DoesNotFollowARedirect) {
    const auto got = ask([](Peer& peer) {
        peer.read_request();
        peer.answer(307, "", "Location: https://127.0.0.1:1/elsewhere\r\n");
        peer.wait_closed();
    });
    ASSERT_TRUE(got);
    EXPECT_EQ(got->status, 307);
}

TEST_F(HttpClient, GivesUpInTimeOnAServerThatSaysNothingOrStopsInTheMiddle) {
    for (const std::string_view part : {"", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"}) {
        ScriptedHttp server(authority->server(), {[part](Peer& peer) {
                                                      peer.read_request();
                                                      peer.write(part);
                                                      peer.wait_closed();
                                                  },
                                                  [](Peer& peer) {
                                                      peer.read_request();
                                                      peer.answer(200, "fresh");
                                                  }});
        auto hasty = options(server);
        hasty.timeout = Millis(150);
        HttpRig rig(hasty, test::dial_loopback(server.port()));
        const BootTime start = rig.loop.now();
        EXPECT_EQ(rig.get("/x").error().reason, Reason::timed_out) << part;
        EXPECT_LT(rig.loop.now() - start, Seconds(5));
        const auto next = rig.get("/x");
        ASSERT_TRUE(next) << "the next request gets a connection of its own: " << next.error().to_string();
        EXPECT_EQ(next->body.text(), "fresh");
    }
}

TEST_F(HttpClient, GivesUpInTimeWhenNobodyConnects) {
    http::Options hasty;
    hasty.host = "127.0.0.1";
    hasty.timeout = Millis(100);
    hasty.ca_file = authority->ca_file();
    std::function<void(Result<Fd>)> answer;
    HttpRig rig(hasty, [&](auto reply) { answer = reply; });
    EXPECT_EQ(rig.get("/x").error().reason, Reason::timed_out);
    answer(fail(Reason::upstream_unreachable, "too late"));  // and nothing happens
    EXPECT_EQ(rig.get("/x").error().reason, Reason::timed_out);
}

TEST_F(HttpClient, SaysWhyThereIsNoStream) {
    http::Options here;
    here.host = "127.0.0.1";
    for (const Reason reason : {Reason::upstream_unreachable, Reason::upstream_unknown, Reason::daemon_unavailable}) {
        HttpRig rig(here, [&](auto reply) { reply(fail(reason, "dial")); });
        EXPECT_EQ(rig.get("/x").error().reason, reason);
    }
}

TEST_F(HttpClient, SendsAReadAgainWhenTheIdleConnectionWasClosed) {
    ScriptedHttp server(authority->server(), {[](Peer& peer) {
                                                  peer.read_request();
                                                  peer.answer(200, "1");
                                              },
                                              [](Peer& peer) {
                                                  peer.read_request();
                                                  peer.answer(200, "2");
                                              }});
    HttpRig rig = rig_for(server);
    EXPECT_EQ(rig.get("/x")->body.text(), "1");
    EXPECT_EQ(rig.get("/x")->body.text(), "2");
    EXPECT_EQ(rig.client->counters().connections, 2U);
}

TEST_F(HttpClient, ClosesAConnectionThatTheServerCloses) {
    bool closed = false;
    ScriptedHttp server(authority->server(), {[&](Peer& peer) {
                            peer.read_request();
                            peer.answer(200, "1");
                            // Only our side is shut; the client notices without being asked for anything.
                            peer.shut();
                            closed = peer.wait_closed();
                        }});
    HttpRig rig = rig_for(server);
    ASSERT_TRUE(rig.get("/x"));
    std::thread watcher([&] { server.join(); });
    ASSERT_TRUE(test::turn_until(rig.loop, [&] { return server.finished(); }));
    watcher.join();
    EXPECT_TRUE(closed);
}

// A server that reads a request and closes without a word: it may or may not have acted.
ScriptedHttp::Script swallow() {
    return [](Peer& peer) { peer.read_request(); };
}
ScriptedHttp::Script answer_then_swallow() {
    return [](Peer& peer) {
        peer.read_request();
        peer.answer(200, "first");
        peer.read_request();
    };
}

TEST_F(HttpClient, SendsAReadAtMostTwice) {
    ScriptedHttp server(authority->server(), {answer_then_swallow(), swallow(), swallow()});
    HttpRig rig = rig_for(server);
    ASSERT_TRUE(rig.get("/first"));
    EXPECT_EQ(rig.get("/x").error().reason, Reason::io_failed);
    EXPECT_EQ(server.requests().size(), 3U) << "one answered, one swallowed, one sent again";
}

TEST_F(HttpClient, NeverSendsASecondTimeWhatMayNotBeRepeated) {
    {
        ScriptedHttp server(authority->server(), {answer_then_swallow(), swallow()});
        HttpRig rig = rig_for(server);
        ASSERT_TRUE(rig.get("/first"));
        EXPECT_EQ(rig.send(post("{}", false)).error().reason, Reason::io_failed)
            << "on a connection that was used before";
        EXPECT_EQ(server.requests().size(), 2U);
        EXPECT_EQ(rig.client->counters().requests, 2U);
    }
    {
        ScriptedHttp server(authority->server(), {swallow(), swallow()});
        HttpRig rig = rig_for(server);
        EXPECT_EQ(rig.send(post("{}", false)).error().reason, Reason::io_failed) << "on a fresh one";
        EXPECT_EQ(server.requests().size(), 1U);
    }
    {
        ScriptedHttp server(authority->server(), {[](Peer& peer) {
                                                      peer.read_request();
                                                      peer.reset();
                                                  },
                                                  swallow()});
        HttpRig rig = rig_for(server);
        EXPECT_EQ(rig.send(post("{}", false)).error().reason, Reason::io_failed) << "after a reset";
        EXPECT_EQ(server.requests().size(), 1U);
    }
}

TEST_F(HttpClient, DoesNotTakeAnAnswerTwice) {
    // Status seen, then the stream ends: even a read is not repeated.
    ScriptedHttp server(authority->server(), {[](Peer& peer) {
                                                  peer.read_request();
                                                  peer.write("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\na");
                                              },
                                              swallow()});
    HttpRig rig = rig_for(server);
    EXPECT_EQ(rig.get("/x").error().reason, Reason::io_failed);
    EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(HttpClient, TrustsOnlyItsOwnAuthorityAndTheNameItAskedFor) {
    const auto ask_with = [&](const Authority::Identity& identity, const std::string& ca_file, bool tls13 = true) {
        ScriptedHttp server(identity, {[](Peer& peer) {
                                peer.read_request();
                                peer.answer(200, "");
                            }},
                            tls13);
        auto with = options(server);
        with.ca_file = ca_file;
        HttpRig rig(with, test::dial_loopback(server.port()));
        auto got = rig.get("/x");
        EXPECT_EQ(server.requests().size(), got ? 1U : 0U) << "nothing is said before the certificate is seen";
        return got;
    };
    EXPECT_TRUE(ask_with(authority->server(), authority->ca_file()));
    EXPECT_EQ(ask_with(authority->expired().value(), authority->ca_file()).error().reason,
              Reason::tls_certificate_expired);
    EXPECT_EQ(ask_with(authority->other_host().value(), authority->ca_file()).error().reason, Reason::tls_failed);
    const auto foreign = Authority::create().value();
    EXPECT_EQ(ask_with(foreign.server(), authority->ca_file()).error().reason, Reason::tls_failed);
    EXPECT_EQ(ask_with(authority->server(), "/nonexistent/ca.pem").error().reason, Reason::tls_failed);
    EXPECT_EQ(ask_with(authority->server(), authority->ca_file(), false).error().reason, Reason::tls_failed)
        << "TLS 1.2";
}

TEST_F(HttpClient, TakesNothingFromTheEnvironment) {
    const TempDir directory;
    ::setenv("https_proxy", "http://127.0.0.1:1", 1);
    ::setenv("HTTPS_PROXY", "http://127.0.0.1:1", 1);  // NOLINT(concurrency-mt-unsafe): one thread reads it
    ::setenv("ALL_PROXY", "socks5://127.0.0.1:1", 1);  // NOLINT(concurrency-mt-unsafe): one thread reads it
    directory.write(".netrc", "machine 127.0.0.1 login a password b\n");
    ::setenv("HOME", directory.path().c_str(), 1);  // NOLINT(concurrency-mt-unsafe): one thread reads it
    ScriptedHttp server(authority->server(), {[](Peer& peer) {
                            peer.read_request();
                            peer.answer(200, "direct");
                        }});
    HttpRig rig = rig_for(server);
    const auto got = rig.get("/x");
    ASSERT_TRUE(got) << got.error().to_string();
    server.join();
    EXPECT_FALSE(server.requests().at(0).contains("uthorization"));
    for (const char* name : {"https_proxy", "HTTPS_PROXY", "ALL_PROXY"})
        ::unsetenv(name);  // NOLINT(concurrency-mt-unsafe): as above
}

TEST_F(HttpClient, CallsNobodyOnceItIsGone) {
    ScriptedHttp server(authority->server(), {[](Peer& peer) {
                            peer.read_request();
                            peer.wait_closed();
                        }});
    HttpRig rig = rig_for(server);
    bool called = false;
    rig.client->send(http::Request{.path = "/x"}, [&](const Result<http::Response>&) { called = true; });
    ASSERT_TRUE(test::turn_until(rig.loop, [&] { return !server.requests().empty(); }));
    rig.client->send(http::Request{.path = "/y"}, [&](const Result<http::Response>&) { called = true; });
    rig.client.reset();
    server.join();
    while (rig.loop.run_once(Millis(0)).value_or(false)) {
    }
    EXPECT_FALSE(called);
}

TEST_F(HttpClient, MayBeDestroyedByAHandler) {
    ScriptedHttp server(authority->server(), {[](Peer& peer) {
                            for (int i = 0; i < 2; ++i) {
                                peer.read_request();
                                peer.answer(200, "");
                            }
                            peer.wait_closed();
                        }});
    HttpRig rig = rig_for(server);
    int called = 0;
    for (int i = 0; i < 2; ++i)
        rig.client->send(http::Request{.path = "/x"}, [&](const Result<http::Response>&) {
            ++called;
            rig.client.reset();
        });
    ASSERT_TRUE(test::turn_until(rig.loop, [&] { return called > 0; }));
    while (rig.loop.run_once(Millis(0)).value_or(false)) {
    }
    EXPECT_EQ(called, 1);
}

TEST_F(HttpClient, MaySendFromAHandler) {
    ScriptedHttp server(authority->server(), {[](Peer& peer) {
                            for (int i = 0; i < 2; ++i) {
                                peer.read_request();
                                peer.answer(200, std::to_string(i));
                            }
                            peer.wait_closed();
                        }});
    HttpRig rig = rig_for(server);
    std::string second;
    rig.client->send(http::Request{.path = "/1"}, [&](const Result<http::Response>&) {
        rig.client->send(http::Request{.path = "/2"},
                         [&](Result<http::Response> got) { second = got ? std::string(got->body.text()) : "failed"; });
    });
    ASSERT_TRUE(test::turn_until(rig.loop, [&] { return !second.empty(); }));
    EXPECT_EQ(second, "1");
    EXPECT_EQ(rig.client->counters().flights, 2U);
}

// In a process of its own, as it is about what happens before the first connection.
TEST(HttpKeyLog, IsNotWritten) {
    const TempDir directory;
    if (const char* inner = std::getenv("CT_KEYLOG_INNER");
        inner == nullptr) {  // NOLINT(concurrency-mt-unsafe): one thread reads it
        const std::string log = directory.file("keys");
        const auto ran =
            test::run({.argv = {"/proc/self/exe", "--gtest_filter=HttpKeyLog.*"},
                       .environment = {{"PATH", "/usr/bin:/bin"}, {"CT_KEYLOG_INNER", "1"}, {"SSLKEYLOGFILE", log}}});
        EXPECT_EQ(ran.code, 0) << ran.output;
        EXPECT_FALSE(read_file(log, 1 << 20)) << "TLS keys were written to a file";
        return;
    }
    ASSERT_TRUE(crypto::use_secret_arena());
    ASSERT_TRUE(http::use_secret_arena());
    const auto authority = Authority::create().value();
    ScriptedHttp server(authority.server(), {[](Peer& peer) {
                            peer.read_request();
                            peer.answer(200, "");
                        }});
    http::Options options;
    options.host = "localhost";
    options.port = server.port();
    options.ca_file = authority.ca_file();
    HttpRig rig(options, test::dial_loopback(server.port()));
    EXPECT_TRUE(rig.get("/x"));
}

}  // namespace
}  // namespace ct
