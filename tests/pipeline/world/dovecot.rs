//! A real IMAP server on loopback: Debian's Dovecot with a configuration of its own, over a Maildir
//! in the test's folder, with TLS by an authority it makes.
//!
//! Nothing outside the given folder is read or written, and the server dies with the value.

#![allow(dead_code, reason = "each test uses what it needs of a server")]

use std::fs;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The only account.
pub const USER: &str = "ada@ourco.example";
/// Its password.
pub const PASSWORD: &str = "correct horse \"battery\\ staple";

/// A running server.
pub struct Dovecot {
    dir: PathBuf,
    child: Child,
    /// The port that speaks TLS from the first byte.
    pub tls_port: u16,
    /// The port that begins in the clear and offers STARTTLS.
    pub plain_port: u16,
    delivered: AtomicU64,
}

/// Whether Dovecot is installed; says so when it is not, so that a skipped test is seen.
pub fn is_installed() -> bool {
    let found = binary().is_some();
    if !found {
        eprintln!("SKIPPED: no Dovecot here; install it with `apt-get install dovecot-imapd`");
    }
    found
}

fn binary() -> Option<PathBuf> {
    ["/usr/sbin/dovecot", "/usr/local/sbin/dovecot"]
        .iter()
        .map(PathBuf::from)
        .find(|p| p.exists())
}

impl Dovecot {
    /// Starts a server whose files all lie in `dir`.
    pub fn start(dir: &Path) -> Dovecot {
        Dovecot::start_with_sent(dir, None)
    }

    /// The same with a folder marked as the one for sent mail, named as IMAP spells it
    /// (modified UTF-7).
    pub fn start_with_sent(dir: &Path, sent: Option<&str>) -> Dovecot {
        Dovecot::start_as(dir, sent, "maildir:DIR/mail")
    }

    /// The same with storage as large servers have it, whose work does not grow with what lies in a
    /// folder; mails come into it by [`Dovecot::append`].
    pub fn start_large(dir: &Path) -> Dovecot {
        Dovecot::start_as(dir, None, "mdbox:DIR/mail")
    }

    fn start_as(dir: &Path, sent: Option<&str>, location: &str) -> Dovecot {
        let dir = dir.join("dovecot");
        if let Some(name) = sent {
            for folder in ["new", "cur", "tmp"] {
                fs::create_dir_all(dir.join(format!("mail/.{name}/{folder}"))).unwrap();
            }
        }
        for folder in ["mail/new", "mail/cur", "mail/tmp", "run", "state", "home"] {
            fs::create_dir_all(dir.join(folder)).unwrap();
        }
        make_certificates(&dir);
        // A port may be taken between its choice and its use: then another one is tried.
        for _ in 0..5 {
            let (tls_port, plain_port) = (free_port(), free_port());
            fs::write(
                dir.join("dovecot.conf"),
                configuration(&dir, tls_port, plain_port, sent, location),
            )
            .unwrap();
            let mut child = Command::new(binary().unwrap())
                .arg("-F")
                .arg("-c")
                .arg(dir.join("dovecot.conf"))
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(fs::File::create(dir.join("stderr.log")).unwrap())
                .spawn()
                .unwrap();
            if answers(&mut child, plain_port) && answers(&mut child, tls_port) {
                return Dovecot {
                    dir,
                    child,
                    tls_port,
                    plain_port,
                    delivered: AtomicU64::new(0),
                };
            }
            let _ = child.kill();
            let _ = child.wait();
        }
        let log = fs::read_to_string(dir.join("dovecot.log")).unwrap_or_default();
        let errors = fs::read_to_string(dir.join("stderr.log")).unwrap_or_default();
        panic!("dovecot does not start:\n{log}\n{errors}");
    }

    /// The authority that signed the server's certificate, as PEM.
    pub fn ca_file(&self) -> PathBuf {
        self.dir.join("ca.pem")
    }

    /// Its certificate and key, for another server of the same authority on this host.
    pub fn identity(&self) -> native_tls::Identity {
        let read = |name: &str| fs::read(self.dir.join(name)).unwrap();
        native_tls::Identity::from_pkcs8(&read("server.pem"), &read("server.key")).unwrap()
    }

    /// The Maildir it serves as INBOX.
    pub fn maildir(&self) -> PathBuf {
        self.dir.join("mail")
    }

    /// Puts a mail into the INBOX, as a delivery agent would; returns its file.
    pub fn deliver(&self, raw: &[u8]) -> PathBuf {
        self.deliver_to(&self.maildir(), raw)
    }

    /// Makes a folder, named as IMAP spells it.
    pub fn make_folder(&self, name: &str) {
        let folder = self.maildir().join(format!(".{name}"));
        for part in ["new", "cur", "tmp"] {
            fs::create_dir_all(folder.join(part)).unwrap();
        }
        own_by_mail(&folder);
    }

    /// Puts a mail into a folder, named as IMAP spells it: the copy a mail server makes.
    pub fn store(&self, folder: &str, raw: &[u8]) -> PathBuf {
        self.deliver_to(&self.maildir().join(format!(".{folder}")), raw)
    }

    /// Puts mails into the INBOX as if they had come on a day (`06-Jan-2020`), many at once (RFC 3502,
    /// RFC 7888).
    pub fn append(&self, day: &str, mails: impl Iterator<Item = String>) {
        let stream = TcpStream::connect(("127.0.0.1", self.plain_port)).unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let mut server = BufWriter::new(stream);
        let mut say = |command: &[u8]| {
            server.write_all(command).unwrap();
            server.write_all(b"\r\n").unwrap();
            server.flush().unwrap();
            let answer = lines.find(|line| line.as_ref().unwrap().starts_with("t "));
            let answer = answer.unwrap().unwrap();
            assert!(answer.starts_with("t OK"), "{answer}");
        };
        let password = PASSWORD.replace('\\', "\\\\").replace('"', "\\\"");
        say(format!("t LOGIN \"{USER}\" \"{password}\"").as_bytes());
        let mut mails = mails.peekable();
        while mails.peek().is_some() {
            let mut command = b"t APPEND INBOX".to_vec();
            for mail in mails.by_ref().take(500) {
                let size = mail.len();
                command.extend(format!(" \"{day} 10:00:00 +0000\" {{{size}+}}\r\n{mail}").bytes());
            }
            say(&command);
        }
        say(b"t LOGOUT");
    }

    fn deliver_to(&self, maildir: &Path, raw: &[u8]) -> PathBuf {
        let number = self.delivered.fetch_add(1, Ordering::SeqCst) + 1;
        // Dovecot orders new mail by name, so the names ascend.
        let name = format!("{:010}.M{number:06}P1.test", 1_700_000_000 + number);
        let temporary = maildir.join("tmp").join(&name);
        let file = maildir.join("new").join(&name);
        fs::write(&temporary, raw).unwrap();
        fs::rename(&temporary, &file).unwrap();
        own_by_anybody(&file);
        file
    }

    /// Makes every UID void, as a restored or moved mailbox would: Dovecot forgets them and takes
    /// the next UIDVALIDITY from its counter.
    pub fn change_uidvalidity(&self) {
        self.wait_for_sessions_to_end();
        for entry in fs::read_dir(self.maildir()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if name.starts_with("dovecot.index") || name == "dovecot-uidlist" {
                fs::remove_file(path).unwrap();
            }
        }
    }

    /// A session's process writes its knowledge of the folder back a moment after the connection
    /// ends.
    fn wait_for_sessions_to_end(&self) {
        let deadline = Instant::now() + Duration::from_secs(20);
        let parent = format!("PPid:\t{}\n", self.child.id());
        let is_session = |entry: fs::DirEntry| {
            let status = fs::read_to_string(entry.path().join("status")).unwrap_or_default();
            status.starts_with("Name:\timap\n") && status.contains(&parent)
        };
        while fs::read_dir("/proc")
            .unwrap()
            .map_while(Result::ok)
            .any(is_session)
        {
            assert!(Instant::now() < deadline, "an IMAP session does not end");
            std::thread::yield_now();
        }
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        // TERM lets the master end its children; KILL would leave them behind.
        // The shell has a `kill` of its own; the program is not on every machine.
        let kill = format!("kill {}", self.child.id());
        let _ = Command::new("sh").args(["-c", &kill]).status();
        let _ = self.child.wait();
    }
}

/// As root Dovecot gives its processes to users of its own package.
fn own_by_mail(path: &Path) {
    if word_of("id", &["-u"]) == "0" {
        let status = Command::new("chown")
            .args(["-R", "mail:mail"])
            .arg(path)
            .status();
        assert!(status.unwrap().success());
    }
}

/// Tests may run as root while Dovecot's mail processes must not.
fn own_by_anybody(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o666)).unwrap();
}

fn free_port() -> u16 {
    TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Waits until the port takes connections, unless the process ends first.
fn answers(child: &mut Child, port: u16) -> bool {
    let deadline = Instant::now() + Duration::from_secs(20);
    let address = ([127, 0, 0, 1], port).into();
    while Instant::now() < deadline {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        if TcpStream::connect_timeout(&address, Duration::from_millis(200)).is_ok() {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

fn make_certificates(dir: &Path) {
    let openssl = |arguments: &[&str]| {
        let output = Command::new("openssl")
            .args(arguments)
            .current_dir(dir)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    openssl(&[
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=Test Authority",
        "-keyout",
        "ca.key",
        "-out",
        "ca.pem",
    ]);
    openssl(&[
        "req",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=localhost",
        "-keyout",
        "server.key",
        "-out",
        "server.csr",
    ]);
    fs::write(
        dir.join("names"),
        "subjectAltName=DNS:localhost,IP:127.0.0.1\n",
    )
    .unwrap();
    openssl(&[
        "x509",
        "-req",
        "-in",
        "server.csr",
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        "names",
        "-out",
        "server.pem",
    ]);
}

/// The few names tests use, as Dovecot's configuration spells them.
fn from_utf7(name: &str) -> String {
    name.replace("&AMk-", "É").replace("&AOk-", "é")
}

fn word_of(command: &str, arguments: &[&str]) -> String {
    let output = Command::new(command).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_string()
}

fn configuration(
    dir: &Path,
    tls_port: u16,
    plain_port: u16,
    sent: Option<&str>,
    location: &str,
) -> String {
    // As root Dovecot gives its processes to users of its own package; otherwise all are ours.
    let is_root = word_of("id", &["-u"]) == "0";
    let me = word_of("id", &["-un"]);
    let group = word_of("id", &["-gn"]);
    let (mail_user, mail_group) = if is_root {
        ("mail", "mail")
    } else {
        (&*me, &*group)
    };
    if is_root {
        own_by_mail(&dir.join("mail"));
        own_by_mail(&dir.join("home"));
        open_parents(dir);
    }
    let internal = if is_root {
        String::new()
    } else {
        format!(
            "default_internal_user = {me}\ndefault_login_user = {me}\n\
             default_internal_group = {group}\n"
        )
    };
    let chroot = if is_root {
        ""
    } else {
        "service imap-login {\n  chroot =\n}\nservice anvil {\n  chroot =\n}\n"
    };
    let sent = sent.map_or(String::new(), |name| {
        format!(
            "  mailbox \"{}\" {{\n    special_use = \\Sent\n  }}\n",
            from_utf7(name)
        )
    });
    fs::write(dir.join("users"), format!("{USER}:{{PLAIN}}{PASSWORD}\n")).unwrap();
    let dir = dir.display();
    let location = location.replace("DIR", &dir.to_string());
    format!(
        r#"protocols = imap
listen = 127.0.0.1
base_dir = {dir}/run
state_dir = {dir}/state
log_path = {dir}/dovecot.log
{internal}mail_location = {location}
mail_uid = {mail_user}
mail_gid = {mail_group}
first_valid_uid = 1
first_valid_gid = 1
ssl = yes
ssl_cert = <{dir}/server.pem
ssl_key = <{dir}/server.key
disable_plaintext_auth = no
auth_mechanisms = plain login
maildir_stat_dirs = yes
passdb {{
  driver = passwd-file
  args = {dir}/users
}}
userdb {{
  driver = static
  args = uid={mail_user} gid={mail_group} home={dir}/home
}}
service imap-login {{
  inet_listener imap {{
    port = {plain_port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
namespace inbox {{
  inbox = yes
{sent}}}
{chroot}"#
    )
}

/// The mail user must be able to walk down to the Maildir below a private temporary folder.
fn open_parents(dir: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let temporary = std::env::temp_dir();
    for parent in dir
        .ancestors()
        .take_while(|p| *p != temporary && p.starts_with(&temporary))
    {
        fs::set_permissions(parent, fs::Permissions::from_mode(0o755)).unwrap();
    }
}
