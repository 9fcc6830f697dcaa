package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/coder/websocket"
)

// talk sends the lines of in and writes what comes back to out, until the server closes the socket, and says how,
// or in ends.
func talk(ctx context.Context, address, token string, in io.Reader, out io.Writer) error {
	conn, res, err := websocket.Dial(ctx, address, &websocket.DialOptions{
		HTTPHeader: http.Header{"Authorization": {"Bearer " + token}},
	})
	if err != nil {
		if res != nil {
			refusal, _ := io.ReadAll(res.Body)
			err = fmt.Errorf("%w: %s", err, refusal)
		}
		return err
	}
	go func() {
		for lines := bufio.NewScanner(in); lines.Scan() && conn.Write(ctx, websocket.MessageText, lines.Bytes()) == nil; {
		}
		_ = conn.Close(websocket.StatusNormalClosure, "")
	}()
	for {
		_, message, err := conn.Read(ctx)
		var closed websocket.CloseError
		switch {
		case websocket.CloseStatus(err) == websocket.StatusNormalClosure:
			return nil
		case errors.As(err, &closed):
			_, err = fmt.Fprintf(out, "closed with %d %s\n", closed.Code, closed.Reason)
			return err
		case err != nil:
			return err
		}
		if _, err := fmt.Fprintf(out, "%s\n", message); err != nil {
			return err
		}
	}
}
