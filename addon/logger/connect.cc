#include <fcntl.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "core/error.h"
#include "core/fd.h"
#include "logger/commands.h"

namespace tscompose {

namespace {

constexpr int kMonitor = 1;
constexpr int kConnectMs = 10000;
constexpr timeval kHandshakeTime{10, 0};

struct Failure {
  std::string message;
};

/// Connects within the time; 0 or errno.
int connectWithin(int fd, const addrinfo& address) {
  if (::connect(fd, address.ai_addr, address.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd poll{fd, POLLOUT, 0};
  if (::poll(&poll, 1, kConnectMs) <= 0) return ETIMEDOUT;
  int error = 0;
  socklen_t length = sizeof(error);
  return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

UniqueFd dial(const ConnectOptions& options) {
  addrinfo hints{};
  hints.ai_socktype = options.network == "udp" ? SOCK_DGRAM : SOCK_STREAM;
  addrinfo* found = nullptr;
  const int status = ::getaddrinfo(options.host.c_str(), options.port.c_str(), &hints, &found);
  if (status != 0) throw Failure{options.host + ": " + ::gai_strerror(status)};
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, ::freeaddrinfo);
  int error = EADDRNOTAVAIL;
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    UniqueFd fd{::socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!fd) {
      error = errno;
      continue;
    }
    error = connectWithin(fd.get(), *address);
    if (error != 0) continue;
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    return fd;
  }
  throw Failure{std::strerror(error)};
}

std::string reason(const char* what) {
  const unsigned long code = ::ERR_get_error();
  const char* text = code == 0 ? nullptr : ::ERR_reason_error_string(code);
  return std::string(what) + (text == nullptr ? "" : std::string(": ") + text);
}

using Context = std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)>;
using Session = std::unique_ptr<SSL, void (*)(SSL*)>;

Context makeContext(const ConnectOptions& options) {
  Context context(::SSL_CTX_new(::TLS_client_method()), ::SSL_CTX_free);
  if (!context) throw Failure{reason("TLS")};
  ::SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  // A record that is not data ends a read: what it is read for may never come.
  ::SSL_CTX_clear_mode(context.get(), SSL_MODE_AUTO_RETRY);
  if (!options.trustsAnybody) ::SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  const bool hasAuthorities =
      options.caCertificate.empty()
          ? ::SSL_CTX_set_default_verify_paths(context.get()) == 1
          : ::SSL_CTX_load_verify_locations(context.get(), options.caCertificate.c_str(), nullptr) == 1;
  if (!hasAuthorities) throw Failure{reason(options.caCertificate.c_str())};
  if (options.certificate.empty()) return context;
  if (::SSL_CTX_use_certificate_chain_file(context.get(), options.certificate.c_str()) != 1)
    throw Failure{reason(options.certificate.c_str())};
  if (::SSL_CTX_use_PrivateKey_file(context.get(), options.key.c_str(), SSL_FILETYPE_PEM) != 1)
    throw Failure{reason(options.key.c_str())};
  return context;
}

Session shakeHands(SSL_CTX* context, const ConnectOptions& options, int fd) {
  Session session(::SSL_new(context), ::SSL_free);
  if (!session || ::SSL_set_fd(session.get(), fd) != 1) throw Failure{reason("TLS")};
  X509_VERIFY_PARAM* parameters = ::SSL_get0_param(session.get());
  // A host is either.
  if (::X509_VERIFY_PARAM_set1_ip_asc(parameters, options.host.c_str()) != 1) {
    ::SSL_set_tlsext_host_name(session.get(), options.host.c_str());
    ::X509_VERIFY_PARAM_set1_host(parameters, options.host.c_str(), 0);
  }
  if (::SSL_connect(session.get()) == 1) return session;
  const long verdict = ::SSL_get_verify_result(session.get());
  throw Failure{verdict == X509_V_OK ? reason("TLS") : std::string("TLS: ") + ::X509_verify_cert_error_string(verdict)};
}

/// The monitor's words to the server until either has gone.
void encrypt(SSL* session, int fd) {
  std::array<char, 32U << 10U> buffer;
  std::array<pollfd, 2> sources{{{kMonitor, POLLIN, 0}, {fd, POLLIN, 0}}};
  for (;;) {
    if (::poll(sources.data(), sources.size(), -1) < 0 && errno != EINTR) return;
    if (sources[1].revents != 0) {
      // A syslog server says nothing, but TLS itself may; and it may leave.
      const int count = ::SSL_read(session, buffer.data(), buffer.size());
      if (count <= 0 && ::SSL_get_error(session, count) != SSL_ERROR_WANT_READ) return;
    }
    if (sources[0].revents == 0) continue;
    const ssize_t count = ::read(kMonitor, buffer.data(), buffer.size());
    if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) {
      ::SSL_shutdown(session);
      return;
    }
    if (count > 0 && ::SSL_write(session, buffer.data(), static_cast<int>(count)) <= 0) return;
  }
}

void say(std::string_view text) {
  // Whoever asked may be gone.
  if (::write(kMonitor, text.data(), text.size()) < 0) return;
}

}  // namespace

int connectToServer(const ConnectOptions& options) {
  try {
    const UniqueFd fd = dial(options);
    if (options.network != "tcp+tls") {
      sendFd(kMonitor, fd.get());
      return 0;
    }
    const Context context = makeContext(options);
    ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) & ~O_NONBLOCK);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &kHandshakeTime, sizeof(kHandshakeTime));
    const Session session = shakeHands(context.get(), options, fd.get());
    say("T");
    encrypt(session.get(), fd.get());
    return 0;
  } catch (const Failure& failure) {
    say(failure.message);
    return 1;
  }
}

}  // namespace tscompose
