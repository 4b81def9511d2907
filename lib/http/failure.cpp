// SPDX-License-Identifier: Apache-2.0
#include "http/failure.h"

#include <string>

namespace ct::http {

bool is_connection_lost(CURLcode code) {
    switch (code) {
        case CURLE_COULDNT_CONNECT:  // it wanted a second stream, after the first one had failed
        case CURLE_SEND_ERROR:
        case CURLE_RECV_ERROR:
        case CURLE_GOT_NOTHING:
        case CURLE_HTTP2:
        case CURLE_HTTP2_STREAM:
        case CURLE_ABORTED_BY_CALLBACK:  // on_request() refused to send it again
            return true;
        default:
            return false;
    }
}

Error to_error(CURL* easy, CURLcode code) {
    switch (code) {
        case CURLE_PEER_FAILED_VERIFICATION: {
            constexpr long kExpired = 10;  // X509_V_ERR_CERT_HAS_EXPIRED; OpenSSL's headers stay in lib/crypto
            long verdict = 0;
            curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
            if (verdict == kExpired) return {Reason::tls_certificate_expired, "the server's certificate has expired"};
            return {Reason::tls_failed, "the server's certificate is not one that the trust anchors vouch for"};
        }
        case CURLE_SSL_CONNECT_ERROR:
        case CURLE_SSL_CERTPROBLEM:
        case CURLE_SSL_CIPHER:
        case CURLE_SSL_SHUTDOWN_FAILED:
        case CURLE_SSL_ISSUER_ERROR:
        case CURLE_SSL_INVALIDCERTSTATUS:
            return {Reason::tls_failed, "no TLS connection with the server"};
        case CURLE_COULDNT_RESOLVE_PROXY:
        case CURLE_COULDNT_RESOLVE_HOST:
            return {Reason::upstream_unreachable, "its name is not known"};
        case CURLE_SSL_CACERT_BADFILE:
            return {Reason::tls_failed, "the file of trust anchors cannot be read"};
        case CURLE_OPERATION_TIMEDOUT:
            return {Reason::timed_out, "no answer in time"};
        case CURLE_PARTIAL_FILE:
            return {Reason::io_failed, "the answer breaks off"};
        case CURLE_OUT_OF_MEMORY:
            return {Reason::memlock_limit, "secret memory is exhausted"};
        case CURLE_WEIRD_SERVER_REPLY:
        case CURLE_UNSUPPORTED_PROTOCOL:  // HTTP/0.9
        case CURLE_BAD_CONTENT_ENCODING:
        case CURLE_WRITE_ERROR:
            return {Reason::malformed, "the answer is not HTTP"};
        default:
            if (is_connection_lost(code)) return {Reason::io_failed, "the connection was lost"};
            return {Reason::internal, std::string("libcurl: ") + curl_easy_strerror(code)};
    }
}

}  // namespace ct::http
